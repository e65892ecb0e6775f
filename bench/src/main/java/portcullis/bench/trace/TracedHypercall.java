package portcullis.bench.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
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
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.Tracing;
import portcullis.hypervisor.trace.jfr.TraceRecording;
import portcullis.tlfs.HypercallCode;

/** A null hypercall while nobody, a listener in this process, or the flight recorder watches. A round emits two events. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgs = {"-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class TracedHypercall {
    private static final int BATCH = 50;
    private static final long FAST = 1 << 16;
    private static final int VECTOR = 0x48;

    /** Who watches. */
    public enum Watcher {
        NOBODY,
        LISTENER,
        RECORDING
    }

    @Param({"NOBODY", "LISTENER", "RECORDING"})
    public Watcher watcher;

    private GuestLoop guest;
    private AutoCloseable watching;
    private Path file;
    private long seen;

    @Setup(Level.Trial)
    public void start() throws IOException {
        guest = new GuestLoop(1);
        guest.setCall(HypercallCode.SEND_SYNTHETIC_CLUSTER_IPI.code() | FAST, VECTOR, 0);
        EnumSet<Kind> all = EnumSet.allOf(Kind.class);
        switch (watcher) {
            case NOBODY -> watching = () -> {};
            case LISTENER ->
                watching = Tracing.subscribe(all, event -> seen += event.at().time())::close;
            case RECORDING -> {
                file = Files.createTempFile("portcullis", ".jfr");
                watching = new TraceRecording(file, all, 0);
            }
        }
    }

    @TearDown(Level.Trial)
    public void stop() throws Exception {
        watching.close();
        guest.close();
        if (file != null) {
            Files.deleteIfExists(file);
        }
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long roundTrip() {
        for (int i = 0; i < BATCH; i++) {
            guest.turn();
        }
        return seen;
    }
}
