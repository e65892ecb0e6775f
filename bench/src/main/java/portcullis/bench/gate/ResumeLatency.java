package portcullis.bench.gate;

import java.io.PrintStream;
import portcullis.bench.BenchMachine;
import portcullis.bench.BenchMachine.Job;
import portcullis.bench.Figures;
import portcullis.hypervisor.VtlContext;
import portcullis.machine.loader.LoadException;

/**
 * From the call of lift to the first instruction behind the hypercall of the VP that was suspended, which has issued it again
 * by then and flushed: the guest's own time stamp. With the thread of that VP asleep, and on the lookout.
 */
final class ResumeLatency {
    private static final int FLUSHER = 0;
    private static final int INHIBITED = 1;
    private static final int SAMPLES = 2000;
    private static final int WARM_UP = 500;
    private static final int WARM_UP_FLUSHES = 300_000;
    private static final long LONG_SPIN = 1_000_000_000L;
    /** For the VP's thread to come from being suspended to waiting. */
    private static final long SETTLE_NANOS = 20_000;

    private final PrintStream out;

    ResumeLatency(PrintStream out) {
        this.out = out;
    }

    void report() throws LoadException {
        out.println("| from lift to the first instruction of the resumed VP | median | 99 % | target of the median |");
        out.println("|---|---|---|---|");
        line("its thread asleep", measure(0), "60 µs");
        line("its thread on the lookout", measure(LONG_SPIN), "3 µs");
        out.println();
    }

    private void line(String name, Figures figures, String target) {
        out.printf(
                "| %s | %s | %s | %s |%n",
                name, Figures.time(figures.median()), Figures.time(figures.quantile(.99)), target);
    }

    private Figures measure(long spin) throws LoadException {
        Figures figures = new Figures();
        try (BenchMachine machine = new BenchMachine(2, spin)) {
            machine.setTargets(FLUSHER, 1L << INHIBITED);
            Thread thread = thread("vp " + FLUSHER);
            // Compiled before it is measured.
            machine.give(FLUSHER, Job.FLUSH);
            machine.await(() -> machine.done(FLUSHER) > WARM_UP_FLUSHES);
            machine.give(FLUSHER, Job.SLEEP);
            awaitAsleep(machine);
            for (int i = 0; i < WARM_UP + SAMPLES; i++) {
                long latency = once(machine, spin == 0 ? thread : null);
                if (i >= WARM_UP) {
                    figures.add(latency);
                }
            }
            machine.check();
        }
        return figures;
    }

    private static Thread thread(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** @param sleeper the VP's thread where it is to be asleep, or null */
    private static long once(BenchMachine machine, Thread sleeper) {
        machine.vp(INHIBITED).inhibitFlushes(0);
        machine.give(FLUSHER, Job.FLUSH);
        machine.await(() -> machine.vp(FLUSHER).context().flushPass().suspended());
        // One flush, then sleep: its stamp stays.
        machine.giveNext(FLUSHER, Job.SLEEP);
        if (sleeper != null) {
            machine.await(() -> sleeper.getState() == Thread.State.WAITING);
        }
        long settled = System.nanoTime() + SETTLE_NANOS;
        while (System.nanoTime() < settled) {
            Thread.onSpinWait();
        }
        long before = machine.done(FLUSHER);
        long began = machine.now();
        machine.vp(INHIBITED).liftFlushInhibit(0);
        while (machine.done(FLUSHER) == before) {
            Thread.onSpinWait();
        }
        awaitAsleep(machine);
        long latency = machine.stamp(FLUSHER) - began;
        return latency;
    }

    private static void awaitAsleep(BenchMachine machine) {
        machine.awaitDoing(FLUSHER, Job.SLEEP);
        machine.await(() -> machine.vp(FLUSHER).context().activity() == VtlContext.Activity.HALTED);
    }
}
