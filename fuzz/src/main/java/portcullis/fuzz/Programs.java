package portcullis.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** Runs programs each on a machine of its own, and tells of those that fail: smaller, and how to run them again. */
final class Programs {
    private static final int MOST_TRIES = 4000;

    private Programs() {}

    /** For a program of bytes: its first choice. */
    static Variant variant(Choices choices) {
        return variant(choices.below(64));
    }

    /** For a program of a seed, where nobody says which. */
    static Variant variant(long seed) {
        return variant(new SplittableRandom(~seed).nextInt(64));
    }

    private static Variant variant(int pick) {
        if (pick < 48) {
            return pick < 28 ? Variant.FULL : Variant.LEVELS;
        }
        return pick < 53 ? Variant.NO_XMM : pick < 58 ? Variant.NO_XMM_OUTPUT : pick < 63 ? Variant.BARE : Variant.MANY;
    }

    /** What came of a program. */
    record Run(Violation violation, List<Integer> stepStarts, List<String> history) implements Shrinker.Result {
        @Override
        public String broken() {
            return violation == null ? null : violation.kind();
        }
    }

    /** Runs a program from scratch. @param also a rule of the caller's own */
    static Run run(Variant variant, Choices choices, int steps, CallRule also) {
        try (Bench bench = new Bench(variant)) {
            Program program = new Program(bench, choices, new Tally());
            program.alsoKeep(also);
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

    /**
     * What to tell of a program that has broken a rule: the least that breaks it, step by step, and how to run that again. Takes
     * seconds.
     *
     * @param taken its choices
     */
    static String explain(Variant variant, long[] taken, int steps, CallRule also) {
        Shrinker.Oracle oracle = choices -> run(variant, Choices.again(choices), steps, also);
        if (oracle.run(taken).broken() == null) {
            return "by itself the program breaks no rule: what came before it matters";
        }
        long[] least = Shrinker.shrink(oracle, taken, MOST_TRIES);
        Run run = run(variant, Choices.again(least), steps, also);
        StringBuilder text = new StringBuilder("made smaller, %d steps:%n".formatted(run.stepStarts.size()));
        run.history.forEach(line -> text.append("  ").append(line).append(System.lineSeparator()));
        text.append(run.violation.getMessage()).append(System.lineSeparator());
        if (run.violation.getCause() != null) {
            text.append(run.violation.getCause()).append(System.lineSeparator());
        }
        return text.append("again: bench/fuzz.sh --variant %s --steps %d --choices %s"
                        .formatted(
                                variant,
                                steps,
                                Arrays.stream(least).mapToObj(Long::toString).collect(Collectors.joining(","))))
                .toString();
    }
}
