package portcullis.fuzz;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;

/** Runs programs each on a machine of its own, and makes those that fail smaller. */
final class Programs {
    private static final int MOST_TRIES = 4000;

    private Programs() {}

    /** The first choice of a program. */
    static Variant variant(Choices choices) {
        int pick = choices.below(64);
        if (pick < 48) {
            return pick < 28 ? Variant.FULL : Variant.LEVELS;
        }
        return pick < 53 ? Variant.NO_XMM : pick < 58 ? Variant.NO_XMM_OUTPUT : pick < 63 ? Variant.BARE : Variant.MANY;
    }

    /** What came of a program. */
    record Run(Violation violation, List<Integer> stepStarts, List<String> history) {}

    /** Runs a program from scratch. */
    static Run run(Choices choices, int steps) {
        try (Bench bench = new Bench(variant(choices))) {
            Program program = new Program(bench, choices, new Tally());
            List<String> history = program.keepHistory();
            try {
                program.run(steps);
                bench.restart();
                return new Run(null, program.stepStarts(), history);
            } catch (Violation violation) {
                return new Run(violation, program.stepStarts(), history);
            }
        }
    }

    /** Leaves out steps and makes choices smaller as long as any rule is broken; prints what is left. */
    static long[] shrink(long[] taken, int steps, PrintStream out) {
        long[] best = taken;
        Run run = run(Choices.again(best), steps);
        if (run.violation == null) {
            out.println("by itself the program breaks no rule: what came before it matters");
            return best;
        }
        int tries = 0;
        boolean smaller = true;
        while (smaller && tries < MOST_TRIES) {
            smaller = false;
            for (int length = Math.max(1, run.stepStarts.size() / 2); length >= 1 && tries < MOST_TRIES; length /= 2) {
                for (int first = 0; first < run.stepStarts.size() && tries < MOST_TRIES; ) {
                    long[] candidate = without(best, run.stepStarts, first, length);
                    Run again = candidate.length < best.length ? run(Choices.again(candidate), steps) : run;
                    tries++;
                    if (again != run && again.violation != null) {
                        best = candidate;
                        run = again;
                        smaller = true;
                    } else {
                        first += length;
                    }
                }
            }
        }
        best = zeroed(best, steps);
        Run last = run(Choices.again(best), steps);
        out.printf("made smaller: %d steps, choices %s%n", last.stepStarts.size(), Arrays.toString(best));
        last.history.forEach(line -> out.println("  " + line));
        if (last.violation != null) {
            out.println(last.violation.getMessage());
            if (last.violation.getCause() != null) {
                last.violation.getCause().printStackTrace(out);
            }
        }
        return best;
    }

    private static long[] without(long[] choices, List<Integer> starts, int first, int length) {
        int from = starts.get(first);
        int to = first + length < starts.size() ? starts.get(first + length) : choices.length;
        if (from >= choices.length || to > choices.length) {
            return choices;
        }
        long[] shorter = Arrays.copyOf(choices, choices.length - (to - from));
        System.arraycopy(choices, to, shorter, from, choices.length - to);
        return shorter;
    }

    private static long[] zeroed(long[] choices, int steps) {
        long[] best = choices;
        for (int i = 0; i < best.length && best.length < 300; i++) {
            if (best[i] != 0) {
                long[] candidate = best.clone();
                candidate[i] = 0;
                if (run(Choices.again(candidate), steps).violation != null) {
                    best = candidate;
                }
            }
        }
        return best;
    }
}
