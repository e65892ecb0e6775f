package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import portcullis.engine.CpuidLeaf;
import portcullis.engine.Engine;
import portcullis.engine.EngineCapabilities;
import portcullis.engine.ExitReason;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.time.GuestTime;
import portcullis.hypervisor.time.HostAlarms;
import portcullis.memory.GuestMemory;

/** A partition of {@link FakeCpu}s. */
public final class FakeMachine implements AutoCloseable {
    /** No test waits longer for what must happen. */
    public static final long LIMIT_SECONDS = 60;

    private static final EngineCapabilities PLAIN = new EngineCapabilities(false, true, 1, false, false);

    private final GuestMemory memory = new GuestMemory(32);
    public final List<FakeCpu> cpus = new ArrayList<>();
    public final Partition partition;

    public static FakeMachine threaded(int processors) {
        return new FakeMachine(processors, new HostAlarms(), new ThreadPerProcessor());
    }

    /** With an interface for guests; nothing runs. */
    public static FakeMachine offering(HypervConfig hyperv) {
        return new FakeMachine(1, new HostAlarms(), new ThreadPerProcessor(), hyperv, PLAIN);
    }

    public FakeMachine(int processors, GuestTime time, VpDriver driver) {
        this(processors, time, driver, HypervConfig.OFF, PLAIN);
    }

    public FakeMachine(
            int processors, GuestTime time, VpDriver driver, HypervConfig hyperv, EngineCapabilities capabilities) {
        Engine engine = new Engine() {
            @Override
            public String name() {
                return "fake";
            }

            @Override
            public EngineCapabilities capabilities() {
                return capabilities;
            }

            @Override
            public Map<String, String> description() {
                return Map.of();
            }

            @Override
            public void setBreakpoints(Set<Long> addresses) {}

            @Override
            public void setHypervisorLeaves(List<CpuidLeaf> leaves) {}

            @Override
            public VirtualCpu createCpu(int index, int apicId) {
                FakeCpu cpu = new FakeCpu(index, capabilities.maxContexts());
                cpus.add(cpu);
                return cpu;
            }

            @Override
            public void close() {}
        };
        PartitionConfig config =
                new PartitionConfig(IntStream.range(0, processors).toArray(), new ApicFeatures(true, true, 40), hyperv);
        partition = new Partition(memory, engine, time, config, driver);
    }

    public VirtualProcessor vp(int index) {
        return partition.processors().get(index);
    }

    /** Enables every local APIC at boot, and starts all VPs without INIT and start-up IPIs. */
    public void startAll() {
        partition.setBootState(boot -> {
            for (VirtualProcessor vp : partition.processors()) {
                vp.apic().writePage(0xf0, 4, 0x1ff);
                ((FakeCpu) vp.cpu()).setInterruptsEnabled(true);
                vp.context().setActivity(VtlContext.Activity.RUNNING);
            }
        });
        partition.start();
    }

    /** Sends a fixed interrupt as a device does. */
    public void interrupt(int vp, int vector) {
        partition.fabric().deliver(0xfee00000L | (long) vp << 12, vector);
    }

    public Outcome awaitEnd() {
        try {
            return partition.awaitEnd(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits for what another thread must bring about. */
    public static void await(BooleanSupplier condition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new AssertionError("did not happen");
            }
            Thread.onSpinWait();
        }
    }

    public void awaitHalted(int vp) {
        await(() -> vp(vp).context().activity() == VtlContext.Activity.HALTED);
    }

    /** A program that does {@code steps} in turn, one a step, then halts for ever. */
    @SafeVarargs
    public static FakeCpu.Program script(java.util.function.Function<FakeCpu, ExitReason>... steps) {
        return new FakeCpu.Program() {
            private int next;

            @Override
            public ExitReason step(FakeCpu cpu) {
                return next < steps.length ? steps[next++].apply(cpu) : ExitReason.HALT;
            }
        };
    }

    @Override
    public void close() {
        partition.close();
        memory.close();
    }
}
