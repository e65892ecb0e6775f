package portcullis.bench.gate;

import java.io.PrintStream;
import portcullis.bench.BenchMachine;
import portcullis.bench.BenchMachine.Job;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.machine.loader.LoadException;

/** VPs that flush eight as fast as they can, while the host inhibits and lifts one of the eight as fast as it can. */
final class Storm {
    private static final int PROCESSORS = 8;
    /** One that flushes only where all do. */
    private static final int INHIBITED = 7;

    private static final long WINDOW_NANOS = 10_000_000;
    private static final long SPIN_NANOS = 50_000;

    private final PrintStream out;
    private final int windows;

    /** @param nanoseconds how long each of the two runs takes */
    Storm(PrintStream out, long nanoseconds) {
        this.out = out;
        windows = (int) Math.min(nanoseconds / WINDOW_NANOS, BenchMachine.BUCKETS);
    }

    void report() throws LoadException {
        try (BenchMachine machine = new BenchMachine(PROCESSORS, SPIN_NANOS)) {
            // As many as the host's processors can run beside the thread that inhibits; and all, however they take
            // turns.
            int several = Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, PROCESSORS);
            give(machine, PROCESSORS);
            // The first run of each kind warms up.
            quiet(machine);
            storm(machine, new long[windows]);
            out.println(
                    "| of 8 VPs that all are flushed | flushes/s | inhibits/s | fewest flushes in 10 ms | fewest inhibits in 10 ms | windows of 10 ms without a flush, without an inhibit |");
            out.println("|---|---|---|---|---|---|");
            compare(machine, several);
            if (several < PROCESSORS) {
                compare(machine, PROCESSORS);
            }
            out.println();
            machine.check();
        }
    }

    /** The first so many VPs flush all, the others sleep. */
    private static void give(BenchMachine machine, int flushers) {
        for (int vp = 0; vp < PROCESSORS; vp++) {
            machine.setTargets(vp, (1L << PROCESSORS) - 1);
            machine.give(vp, vp < flushers ? Job.FLUSH : Job.SLEEP);
        }
        for (int vp = 0; vp < PROCESSORS; vp++) {
            machine.awaitDoing(vp, vp < flushers ? Job.FLUSH : Job.SLEEP);
        }
    }

    private void compare(BenchMachine machine, int flushers) {
        give(machine, flushers);
        String who = flushers == 1 ? "1 flushes" : flushers + " flush";
        line(machine, who + ", nobody inhibits", quiet(machine), new long[windows]);
        long[] inhibits = new long[windows];
        line(machine, who + ", one is inhibited and lifted without pause", storm(machine, inhibits), inhibits);
    }

    private long quiet(BenchMachine machine) {
        long begin = machine.beginCounting(WINDOW_NANOS);
        machine.await(() -> machine.now() - begin > windows * WINDOW_NANOS);
        return begin;
    }

    private long storm(BenchMachine machine, long[] inhibits) {
        VirtualProcessor vp = machine.vp(INHIBITED);
        long begin = machine.beginCounting(WINDOW_NANOS);
        while (true) {
            vp.inhibitFlushes(0);
            int window = (int) ((machine.now() - begin) / WINDOW_NANOS);
            if (window < windows) {
                inhibits[window]++;
            }
            vp.liftFlushInhibit(0);
            if (window >= windows) {
                return begin;
            }
        }
    }

    private void line(BenchMachine machine, String name, long begin, long[] inhibits) {
        long flushes = 0;
        long fewestFlushes = Long.MAX_VALUE;
        long fewestInhibits = Long.MAX_VALUE;
        long inhibited = 0;
        int withoutFlush = 0;
        int withoutInhibit = 0;
        for (int i = 0; i < windows; i++) {
            long counted = machine.counted(i);
            flushes += counted;
            inhibited += inhibits[i];
            fewestFlushes = Math.min(fewestFlushes, counted);
            fewestInhibits = Math.min(fewestInhibits, inhibits[i]);
            withoutFlush += counted == 0 ? 1 : 0;
            withoutInhibit += inhibits[i] == 0 ? 1 : 0;
        }
        double seconds = windows * WINDOW_NANOS / 1e9;
        String none = inhibited == 0 ? "-" : null;
        out.printf(
                "| %s | %,.0f | %s | %,d | %s | %d, %s of %d |%n",
                name,
                flushes / seconds,
                none != null ? none : "%,.0f".formatted(inhibited / seconds),
                fewestFlushes,
                none != null ? none : "%,d".formatted(fewestInhibits),
                withoutFlush,
                none != null ? none : String.valueOf(withoutInhibit),
                windows);
    }
}
