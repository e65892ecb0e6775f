package portcullis.bench.hypercall;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import portcullis.bench.GuestLoop;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor.Turn;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** A guest that does nothing but hypercalls, entry to entry; and the engine's share of it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class HypercallRoundTrip {
    private static final long FAST = 1 << 16;
    private static final long ALL_SPACES = 2;
    private static final int VECTOR = 0x48;
    /** So few that most batches are not interrupted by whatever else runs on the machine. */
    private static final int BATCH = 50;

    /** What is called. All do next to nothing: an IPI to nobody, a flush of nobody. */
    public enum Call {
        UNKNOWN("of no known code"),
        FAST("fast"),
        IN_MEMORY("in memory"),
        XMM("in XMM registers");

        private final String description;

        Call(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    @Param({"UNKNOWN", "FAST", "IN_MEMORY", "XMM"})
    public Call call;

    private GuestLoop guest;

    @Setup(Level.Trial)
    public void start() {
        guest = new GuestLoop(1);
        long ipi = HypercallCode.SEND_SYNTHETIC_CLUSTER_IPI.code();
        long flush = HypercallCode.FLUSH_VIRTUAL_ADDRESS_SPACE.code();
        int expected = HvStatus.SUCCESS;
        switch (call) {
            case UNKNOWN -> {
                guest.setCall(0x3fff | FAST, 0, 0);
                expected = HvStatus.INVALID_HYPERCALL_CODE;
            }
            case FAST -> guest.setCall(ipi | FAST, VECTOR, 0);
            case IN_MEMORY -> {
                guest.setInput(VECTOR, 0);
                guest.setCall(ipi, GuestLoop.INPUT, 0);
            }
            case XMM -> {
                guest.setVectors(0, 0);
                guest.setCall(flush | FAST, 0, ALL_SPACES);
            }
        }
        for (int i = 0; i < 3; i++) {
            Turn turn = guest.turn();
            if (turn != Turn.RAN || (int) guest.result() != expected) {
                throw new IllegalStateException("the call ended with " + Long.toHexString(guest.result()));
            }
        }
    }

    @TearDown(Level.Trial)
    public void stop() {
        guest.close();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void roundTrip() {
        for (int i = 0; i < BATCH; i++) {
            guest.turn();
        }
    }

    /** The same without the hypervisor: out of the guest, over the instruction, in again. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void engineAlone() {
        VirtualCpu cpu = guest.cpu();
        for (int i = 0; i < BATCH; i++) {
            cpu.run();
            cpu.completeInstruction(cpu.exit().instructionLength);
        }
    }
}
