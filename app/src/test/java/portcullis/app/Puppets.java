package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import portcullis.engine.Register;
import portcullis.host.SoftEngines;
import portcullis.hypervisor.FlushInhibit;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.gate.FlushPass;
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
import portcullis.soft.model.CpuModel;

/**
 * A machine that runs the bundled guest {@code puppet}: its VPs do what a test orders, one order at a time each. Whoever waits does so
 * for a state; {@link #LIMIT_SECONDS} is for those that never come.
 */
final class Puppets implements AutoCloseable {
    static final long LIMIT_SECONDS = 60;

    /** As the guest numbers its orders (guests/puppet/puppet.c). */
    enum Order {
        NOTHING,
        MAP,
        READ,
        INVALIDATE,
        FLUSH,
        SEND,
        INIT,
        START,
        HALT,
        SAY,
        END
    }

    /** Ways to flush: each kind of hypercall, for some VPs or all. */
    static final int KINDS = 6;

    private static final long ADDRESS = 0x100_0000;
    private static final long MAGIC = 0x5354_4550_5055_5050L;
    private static final int FIRST = 0x80;
    private static final int SIZE = 128;
    private static final int FRAME_VALUE = 1000;
    private static final long RAM = 32L << 20;
    private static final int LEVEL = 0;

    final Pc pc;
    final Partition partition;
    private final GuestMemory memory;
    private final int processors;
    private volatile Outcome outcome;

    /** @param debugConsole takes what an order to SAY says, on the VP's thread: while it does not return the VP is in a slow device */
    Puppets(int processors, TimeSource time, IntConsumer debugConsole) throws LoadException {
        this.processors = processors;
        BootFiles boot = new BootFiles(BundledGuest.path("puppet"), KernelLoader.Format.MULTIBOOT, List.of(), "");
        MachineConfig config =
                new MachineConfig(processors, RAM, boot, List.of(), time, ConsoleKind.SERIAL, HypervConfig.ON);
        HostAttachments host = new HostAttachments(
                value -> {}, value -> {}, debugConsole::accept, LoadProgress.NONE, trouble -> {}, true, null);
        pc = new Pc(config, new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available()), host);
        partition = pc.partition();
        memory = partition.memory();
        try {
            pc.start();
            awaitGuest();
        } catch (LoadException | RuntimeException | Error failure) {
            pc.close();
            throw failure;
        }
    }

    Puppets(int processors, TimeSource time) throws LoadException {
        this(processors, time, value -> {});
    }

    /** After start and after each reset. */
    void awaitGuest() {
        await("the guest", () -> memory.getLong(ADDRESS) == MAGIC);
        for (int cpu = 0; cpu < processors; cpu++) {
            awaitTurns(cpu, 1);
        }
    }

    static void await(String what, BooleanSupplier state) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        for (int spins = 0; !state.getAsBoolean(); spins++) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("waited in vain for " + what);
            }
            if (spins < 100) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(50_000);
            }
        }
    }

    private long slot(int cpu, int offset) {
        return ADDRESS + FIRST + (long) cpu * SIZE + offset;
    }

    private long word(int cpu, int offset) {
        long value = memory.getLong(slot(cpu, offset));
        VarHandle.acquireFence();
        return value;
    }

    /** Orders taken back: a VP that starts anew carries out none that its predecessor left. */
    void withdraw(int cpu) {
        memory.putLong(slot(cpu, 0x08), Order.NOTHING.ordinal());
    }

    /** Has a VP do something; it does not wait for that. */
    void order(int cpu, Order order, long... arguments) {
        assertEquals(word(cpu, 0), word(cpu, 0x30), "an order is under way");
        memory.putLong(slot(cpu, 0x08), order.ordinal());
        for (int i = 0; i < arguments.length; i++) {
            memory.putLong(slot(cpu, 0x10 + 8 * i), arguments[i]);
        }
        VarHandle.releaseFence();
        memory.putLong(slot(cpu, 0), word(cpu, 0) + 1);
        VarHandle.fullFence();
    }

    boolean done(int cpu) {
        return word(cpu, 0) == word(cpu, 0x30);
    }

    /** Waits for the last order. @return its result */
    long awaitDone(int cpu) {
        await("vp " + cpu + " to carry out its order", () -> done(cpu));
        return word(cpu, 0x38);
    }

    long carryOut(int cpu, Order order, long... arguments) {
        order(cpu, order, arguments);
        return awaitDone(cpu);
    }

    /** What a VP reads through its translation of a page: the number of the frame. */
    int read(int cpu, int page) {
        return (int) carryOut(cpu, Order.READ, page) - FRAME_VALUE;
    }

    void map(int cpu, int page, int frame) {
        carryOut(cpu, Order.MAP, page, frame);
    }

    /** Orders a flush of one page by {@code cpu} on others. @param kind 0 to {@link #KINDS} - 1; the last two flush all VPs */
    void orderFlush(int cpu, int targets, int kind, int page) {
        order(cpu, Order.FLUSH, targets, kind, page);
    }

    void watch(int cpu, int page) {
        memory.putLong(slot(cpu, 0x50), page + 1L);
    }

    /** The frame that a watching VP saw last. */
    int seen(int cpu) {
        return (int) word(cpu, 0x58) - FRAME_VALUE;
    }

    long turns(int cpu) {
        return word(cpu, 0x40);
    }

    long interrupts(int cpu) {
        return word(cpu, 0x48);
    }

    /** Until a VP has gone round its loop so many times more, and so has read what it watches. */
    void awaitTurns(int cpu, int count) {
        long before = turns(cpu);
        await("vp " + cpu + " to make " + count + " turns", () -> turns(cpu) - before >= count);
    }

    // The gate

    VirtualProcessor vp(int index) {
        return partition.processors().get(index);
    }

    FlushPass pass(int vp) {
        return vp(vp).context(LEVEL).flushPass();
    }

    void inhibit(int vp) {
        partition.setFlushInhibit(vp, LEVEL, FlushInhibit.SET);
    }

    void lift(int vp) {
        partition.setFlushInhibit(vp, LEVEL, FlushInhibit.CLEAR);
    }

    void awaitSuspended(int vp, int on) {
        await("vp " + vp + " to be suspended on vp " + on, () -> pass(vp).waitingOn() == on);
    }

    void awaitHalted(int vp) {
        await("vp " + vp + " to halt", () -> vp(vp).context(LEVEL).activity() == Activity.HALTED);
    }

    long register(int vp, Register register) {
        long[] value = new long[1];
        vp(vp).call(() -> value[0] = vp(vp).cpu().get(register));
        return value[0];
    }

    /** Three bytes at RIP. */
    int instruction(int vp) {
        long[] bytes = new long[1];
        vp(vp).call(() -> {
            long gpa = vp(vp).cpu().get(Register.RIP);
            for (int i = 2; i >= 0; i--) {
                bytes[0] = bytes[0] << 8 | memory.view(LEVEL).getByte(gpa + i) & 0xff;
            }
        });
        return (int) bytes[0];
    }

    Outcome awaitEnd() {
        try {
            return partition.awaitEnd(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        pc.close();
    }
}
