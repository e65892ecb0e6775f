package portcullis.hypervisor.schedule;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A way to interleave VPs, of which a seed makes an {@link Interleaving}. Those here are spelled as {@link #parse} reads them. */
@FunctionalInterface
public interface Schedule {
    /** {@link RandomWalk} with its usual slices. */
    Schedule DEFAULT = new Random(RandomWalk.MINIMUM_BUDGET, RandomWalk.MAXIMUM_BUDGET);

    /** The interleaving of one run. */
    Interleaving begin(long seed, int processors);

    /**
     * A {@link RandomWalk}: {@code random:50-5000}.
     *
     * @param least instructions in a slice
     * @param most likewise
     */
    record Random(int least, int most) implements Schedule {
        private static final int LIMIT = 1_000_000_000;

        public Random {
            if (least < 1 || most < least || most > LIMIT) {
                throw new IllegalArgumentException(
                        "a slice has 1 to %d instructions, the least before the most".formatted(LIMIT));
            }
        }

        @Override
        public Interleaving begin(long seed, int processors) {
            return new RandomWalk(seed, least, most);
        }

        @Override
        public String toString() {
            return "random:" + least + "-" + most;
        }
    }

    /**
     * {@link Priorities}: {@code pct:3:100000}.
     *
     * @param depth one more than there are changes of priority
     * @param length of a run, in instructions executed while there was a choice
     */
    record Pct(int depth, long length) implements Schedule {
        /** Where none is said. */
        public static final long DEFAULT_LENGTH = 100_000;

        private static final int MOST_DEPTH = 1000;
        private static final long MOST_LENGTH = 1_000_000_000_000L;

        public Pct {
            if (depth < 1 || depth > MOST_DEPTH || length < 1 || length > MOST_LENGTH) {
                throw new IllegalArgumentException("pct takes a depth of 1 to %d and a length of 1 to %d instructions"
                        .formatted(MOST_DEPTH, MOST_LENGTH));
            }
        }

        @Override
        public Interleaving begin(long seed, int processors) {
            return new Priorities(seed, processors, depth, length);
        }

        @Override
        public String toString() {
            return "pct:" + depth + ":" + length;
        }
    }

    /**
     * Reads {@code random}, {@code random:LEAST-MOST}, {@code pct:DEPTH} or {@code pct:DEPTH:LENGTH}.
     *
     * @throws IllegalArgumentException for anything else; the message says what would do
     */
    static Schedule parse(String text) {
        Matcher random = Spelling.RANDOM.matcher(text);
        if (random.matches()) {
            return random.group(1) == null
                    ? DEFAULT
                    : new Random(Integer.parseInt(random.group(1)), Integer.parseInt(random.group(2)));
        }
        Matcher pct = Spelling.PCT.matcher(text);
        if (pct.matches()) {
            long length = pct.group(2) == null ? Pct.DEFAULT_LENGTH : Long.parseLong(pct.group(2));
            return new Pct(Integer.parseInt(pct.group(1)), length);
        }
        throw new IllegalArgumentException("say random, random:LEAST-MOST, pct:DEPTH or pct:DEPTH:LENGTH");
    }

    /** Numbers with so few digits that they can be parsed. */
    final class Spelling {
        private static final Pattern RANDOM = Pattern.compile("random(?::(\\d{1,9})-(\\d{1,9}))?");
        private static final Pattern PCT = Pattern.compile("pct:(\\d{1,9})(?::(\\d{1,18}))?");

        private Spelling() {}
    }
}
