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
import portcullis.hypervisor.VirtualProcessor;
import portcullis.tlfs.HypercallCode;

/** A guest that does nothing but have one page of other VPs flushed, which are idle. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgs = {"-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class FlushRoundTrip {
    private static final int PROCESSORS = 64;
    private static final long ALL_SPACES = 2;
    private static final long PAGE = 0x40000000;
    private static final int BATCH = 20;

    /** How many VPs are flushed; 64 are all, the caller too. */
    @Param({"1", "2", "8", "64"})
    public int targets;

    private GuestLoop guest;

    @Setup(Level.Trial)
    public void start() {
        guest = new GuestLoop(PROCESSORS);
        long mask = targets == PROCESSORS ? -1L : (1L << targets) - 1 << 1;
        guest.setInput(0, ALL_SPACES, mask, PAGE);
        guest.setCall(HypercallCode.FLUSH_VIRTUAL_ADDRESS_LIST.code() | 1L << 32, GuestLoop.INPUT, 0);
        guest.turn();
        if (guest.result() != 1L << 32) {
            throw new IllegalStateException("the call ended with " + Long.toHexString(guest.result()));
        }
    }

    /** What the idle ones would do when they wake: else there would be ever more. */
    @Setup(Level.Invocation)
    public void apply() {
        for (VirtualProcessor vp : guest.partition().processors()) {
            vp.pendingFlushes().apply(vp.cpu());
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
}
