package portcullis.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.ThreadPerProcessor;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;
import portcullis.machine.loader.LoadProgress;
import portcullis.memory.GuestMemory;

/** A PC in which the guest {@code gatebench} runs: processors that do, each on a thread of its own, what the host says. */
public final class BenchMachine implements AutoCloseable {
    /** What a processor does again and again; by number, as guests/gatebench/board.h has them. */
    public enum Job {
        SLEEP,
        COMPUTE,
        HYPERCALL,
        TRANSLATE,
        DEVICE,
        FLUSH
    }

    /** Spans of time in which the guest counts flushes. */
    public static final int BUCKETS = 4096;

    private static final long RAM = 64 << 20;
    private static final long PATIENCE_NANOS = 120_000_000_000L;
    private static final long DEVICE_NANOS = 10_000_000;

    // guests/gatebench/board.h
    private static final long BOARD = 0x1000000;
    private static final long MAGIC = 0x44524f4f42434c50L;
    private static final int RUNNING = 0x08;
    private static final int BEGIN = 0x10;
    private static final int BUCKET_TICKS = 0x18;
    private static final int PROCESSORS = 0x80;
    private static final int PROCESSOR_SIZE = 128;
    private static final int JOB = 0;
    private static final int TARGETS = 8;
    private static final int DOING = 0x10;
    private static final int DONE = 0x18;
    private static final int STAMP = 0x20;
    private static final int FAILED = 0x28;
    private static final int COUNTS = 0x4000;
    private static final int WAKE_VECTOR = 0x48;

    private final Pc pc;
    private final GuestMemory memory;
    private final StringBuilder said = new StringBuilder();

    /**
     * Starts the guest and waits until all processors are asleep.
     *
     * @param spin nanoseconds for which a suspended VP's thread looks out for the lift before it sleeps
     * @param wrapper what the hypervisor gets in place of each processor
     */
    public BenchMachine(int processors, long spin, UnaryOperator<VirtualCpu> wrapper) throws LoadException {
        System.setProperty(ThreadPerProcessor.SPIN_PROPERTY, String.valueOf(spin));
        Path guest = Path.of(System.getProperty("portcullis.home", "."), "guests", "build", "gatebench");
        MachineConfig config = new MachineConfig(
                processors,
                RAM,
                new BootFiles(guest, KernelLoader.Format.MULTIBOOT, List.of(), ""),
                List.of(),
                new TimeSource.Host(),
                ConsoleKind.SERIAL,
                HypervConfig.ON);
        HostAttachments host = new HostAttachments(
                value -> said.append((char) value),
                value -> {},
                value -> LockSupport.parkNanos(DEVICE_NANOS),
                LoadProgress.NONE,
                said::append,
                false,
                null);
        pc = new Pc(config, new SoftProcessors(wrapper), host);
        memory = pc.partition().memory();
        pc.start();
        await(() -> memory.getLong(BOARD) == MAGIC && memory.getLong(BOARD + RUNNING) == processors);
    }

    public BenchMachine(int processors, long spin) throws LoadException {
        this(processors, spin, cpu -> cpu);
    }

    public int processors() {
        return pc.partition().processors().size();
    }

    public VirtualProcessor vp(int index) {
        return pc.partition().processors().get(index);
    }

    /** The guest's time-stamp counter: nanoseconds. */
    public long now() {
        return pc.partition().time().clock().ticks();
    }

    private long field(int vp, int offset) {
        return BOARD + PROCESSORS + (long) vp * PROCESSOR_SIZE + offset;
    }

    /** Gives processor {@code vp} a job; it takes it up when it is done with what it does. */
    public void give(int vp, Job job) {
        memory.putLong(field(vp, JOB), job.ordinal());
        vp(vp).context(0).apic().receive(DeliveryMode.FIXED, WAKE_VECTOR, false);
    }

    /** {@link #give}, without waking a processor that sleeps. */
    public void giveNext(int vp, Job job) {
        memory.putLong(field(vp, JOB), job.ordinal());
    }

    /** Whom {@link Job#FLUSH} flushes: VPs, a bit each. */
    public void setTargets(int vp, long mask) {
        memory.putLong(field(vp, TARGETS), mask);
    }

    /** Waits until a processor has taken its job up. */
    public void awaitDoing(int vp, Job job) {
        await(() -> memory.getLong(field(vp, DOING)) == job.ordinal());
    }

    /** How often a processor has done what it did. */
    public long done(int vp) {
        return memory.getLong(field(vp, DONE));
    }

    /** The time-stamp counter just behind the last time. */
    public long stamp(int vp) {
        return memory.getLong(field(vp, STAMP));
    }

    /** From now on flushes are counted by spans of so many nanoseconds. @return where the first begins */
    public long beginCounting(long nanoseconds) {
        memory.putLong(BOARD + BEGIN, 0);
        for (long at = 0; at < (long) processors() * BUCKETS * 4; at += 8) {
            memory.putLong(BOARD + COUNTS + at, 0);
        }
        memory.putLong(BOARD + BUCKET_TICKS, nanoseconds);
        long begin = now();
        memory.putLong(BOARD + BEGIN, begin);
        return begin;
    }

    /** How many flushes returned in span {@code index}, by all processors. */
    public long counted(int index) {
        long sum = 0;
        for (int vp = 0; vp < processors(); vp++) {
            sum += memory.getInt(BOARD + COUNTS + ((long) vp * BUCKETS + index) * 4);
        }
        return sum;
    }

    /** @throws IllegalStateException where a hypercall has failed, or the guest has ended */
    public void check() {
        for (int vp = 0; vp < processors(); vp++) {
            if (memory.getLong(field(vp, FAILED)) != 0) {
                throw new IllegalStateException("hypercalls of VP " + vp + " failed");
            }
        }
    }

    /** Waits for what must come. */
    public void await(BooleanSupplier condition) {
        long began = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - began > PATIENCE_NANOS) {
                throw new IllegalStateException("waited in vain; the guest said: " + said);
            }
            LockSupport.parkNanos(50_000);
        }
    }

    @Override
    public void close() {
        pc.close();
    }
}
