package portcullis.hypervisor.trace;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicInteger;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.time.HostClock;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.jfr.TraceRecording;

/**
 * Measures, when run by hand, what tracing costs a VP's loop: nanoseconds a round, of the two atomic accesses around guest code
 * alone, and with a round's events (a timed exit, a timed hypercall, a change of state) emitted to nobody, to a listener, and to a
 * recording.
 */
final class TraceCost {
    private static final int ROUNDS = 20_000_000;
    private static final int REPEATS = 7;

    private final AtomicInteger word = new AtomicInteger();
    private final ExitDetails exit = new ExitDetails();
    private final VpTrace vp = new PartitionTrace(new HostClock()).vp(0);
    private long control = 3;

    private TraceCost() {
        exit.reason = ExitReason.HYPERCALL;
    }

    public static void main(String[] arguments) throws Exception {
        TraceCost cost = new TraceCost();
        cost.report("bare loop", cost::bare, ROUNDS);
        cost.report("nobody watches", cost::traced, ROUNDS);
        cost.report("bare loop again", cost::bare, ROUNDS);
        long[] seen = new long[1];
        try (var _ = Tracing.subscribe(
                EnumSet.allOf(Kind.class), event -> seen[0] += event.at().time())) {
            cost.report("a listener", cost::traced, ROUNDS / 20);
        }
        Path file = Files.createTempFile("cost", ".jfr");
        try (var _ = new TraceRecording(file, EnumSet.allOf(Kind.class), 0)) {
            cost.report("recorded", cost::traced, ROUNDS / 100);
        }
        try (var _ = new TraceRecording(file, EnumSet.complementOf(EnumSet.of(Kind.HYPERCALL)), 10_000)) {
            cost.report("recorded, but hypercalls and short exits", cost::traced, ROUNDS / 100);
        }
        Files.delete(file);
        cost.report("nobody watches any more", cost::traced, ROUNDS);
    }

    private interface Loop {
        void run(int rounds);
    }

    private void report(String name, Loop loop, int rounds) {
        double best = Double.MAX_VALUE;
        for (int i = 0; i < REPEATS; i++) {
            long start = System.nanoTime();
            loop.run(rounds);
            best = Math.min(best, (double) (System.nanoTime() - start) / rounds);
        }
        System.out.printf("%8.2f ns  %s%n", best, name);
    }

    private void bare(int rounds) {
        for (int i = 0; i < rounds; i++) {
            word.compareAndSet(0, 1);
            control += i;
            word.getAndAdd(-1);
        }
    }

    private void traced(int rounds) {
        for (int i = 0; i < rounds; i++) {
            word.compareAndSet(0, 1);
            control += i;
            word.getAndAdd(-1);
            long began = vp.begin();
            long call = vp.begin();
            vp.hypercall(0, call, control, 0);
            vp.runState(0, RunState.RUNNING);
            vp.exited(0, began, exit);
        }
    }
}
