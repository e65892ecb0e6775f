package portcullis.bench.trace;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.time.HostClock;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.VpTrace;

/**
 * What a VP's loop pays for a round's events (a timed exit, a timed hypercall, a change of state) that nobody watches: the two
 * atomic accesses around guest code alone, and with the events.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class TraceEmission {
    /** Rounds a sample: samples are whole nanoseconds. */
    static final int BATCH = 1000;

    private final AtomicInteger word = new AtomicInteger();
    private final ExitDetails exit = new ExitDetails();
    private final VpTrace vp = new PartitionTrace(new HostClock()).vp(0);
    private long control = 3;

    public TraceEmission() {
        exit.reason = ExitReason.HYPERCALL;
    }

    @Benchmark
    public long bare() {
        for (int i = 0; i < BATCH; i++) {
            word.compareAndSet(0, 1);
            control += i;
            word.getAndAdd(-1);
        }
        return control;
    }

    @Benchmark
    public long withEvents() {
        for (int i = 0; i < BATCH; i++) {
            word.compareAndSet(0, 1);
            control += i;
            word.getAndAdd(-1);
            long began = vp.begin();
            long call = vp.begin();
            vp.hypercall(0, call, control, 0);
            vp.runState(0, RunState.RUNNING);
            vp.exited(0, began, exit);
        }
        return control;
    }
}
