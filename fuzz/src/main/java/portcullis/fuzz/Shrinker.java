package portcullis.fuzz;

import java.util.Arrays;
import java.util.List;

/**
 * Makes a list of choices that breaks a rule smaller: leaves out steps, more at once first, then makes single choices smaller, as long
 * as the same rule is broken in the same way. What is left is a program in which every step matters.
 */
final class Shrinker {
    /** What came of a list of choices. */
    interface Result {
        /** Which rule was broken, in whatever words; null for none. Two that are equal are the same mistake. */
        String broken();

        /** Where each step begins in the list. */
        List<Integer> stepStarts();
    }

    /** Runs a list of choices from scratch. */
    @FunctionalInterface
    interface Oracle {
        Result run(long[] choices);
    }

    private final Oracle oracle;
    private final String broken;
    private long[] best;
    private Result found;
    private int left;

    /**
     * @param choices that break a rule
     * @param found what comes of them
     * @param tries runs at most
     */
    private Shrinker(Oracle oracle, long[] choices, Result found, int tries) {
        this.oracle = oracle;
        this.found = found;
        broken = found.broken();
        best = choices;
        left = tries;
    }

    /** @return the smallest that was found; {@code choices} where they break no rule */
    static long[] shrink(Oracle oracle, long[] choices, int tries) {
        Result result = oracle.run(choices);
        if (result.broken() == null) {
            return choices;
        }
        Shrinker shrinker = new Shrinker(oracle, choices, result, tries);
        while (shrinker.fewerSteps() | shrinker.smallerChoices()) {
            // Until neither helps any more.
        }
        return shrinker.best;
    }

    private boolean take(long[] candidate) {
        if (left <= 0) {
            return false;
        }
        left--;
        Result result = oracle.run(candidate);
        if (!broken.equals(result.broken())) {
            return false;
        }
        best = candidate;
        found = result;
        return true;
    }

    private boolean fewerSteps() {
        boolean fewer = false;
        for (int length = found.stepStarts().size(); length >= 1 && left > 0; length /= 2) {
            for (int first = 0; first < found.stepStarts().size() && left > 0; ) {
                long[] candidate = without(first, length);
                if (candidate.length < best.length && take(candidate)) {
                    fewer = true;
                } else {
                    first += length;
                }
            }
        }
        // What comes behind the last step that matters, and choices that nobody makes any more.
        for (int cut = best.length / 2; cut >= 1 && left > 0; cut /= 2) {
            while (cut <= best.length && take(Arrays.copyOf(best, best.length - cut))) {
                fewer = true;
            }
        }
        return fewer;
    }

    private long[] without(int first, int length) {
        List<Integer> starts = found.stepStarts();
        int from = Math.min(starts.get(first), best.length);
        int to = first + length < starts.size() ? Math.min(starts.get(first + length), best.length) : best.length;
        long[] shorter = Arrays.copyOf(best, best.length - (to - from));
        System.arraycopy(best, to, shorter, from, best.length - to);
        return shorter;
    }

    private boolean smallerChoices() {
        boolean smaller = false;
        for (int i = 0; i < best.length && left > 0; i++) {
            if (best[i] != 0 && takeWith(i, 0)) {
                smaller = true;
            } else if (best[i] != 0) {
                smaller |= smaller(i);
            }
        }
        return smaller;
    }

    /** Halves the way between a value that will not do and one that does. @return whether that led anywhere */
    private boolean smaller(int index) {
        long before = best[index];
        long tooSmall = 0;
        while (best[index] - tooSmall != 1 && left > 0 && index < best.length) {
            long between = tooSmall + (best[index] - tooSmall >>> 1);
            if (!takeWith(index, between)) {
                tooSmall = between;
            }
        }
        return best[index] != before;
    }

    private boolean takeWith(int index, long value) {
        long[] candidate = best.clone();
        candidate[index] = value;
        return take(candidate);
    }
}
