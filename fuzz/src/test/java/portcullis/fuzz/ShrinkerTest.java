package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** On programs whose steps are pairs of choices, and rules that say at once what is least. */
class ShrinkerTest {
    private int runs;

    private record Pairs(String broken, List<Integer> stepStarts) implements Shrinker.Result {}

    /** A list breaks the rule of the first predicate that holds. */
    @SafeVarargs
    private Shrinker.Oracle oracle(Predicate<long[]>... rules) {
        return choices -> {
            runs++;
            int broken = IntStream.range(0, rules.length)
                    .filter(i -> rules[i].test(choices))
                    .findFirst()
                    .orElse(-1);
            List<Integer> starts = IntStream.range(0, (choices.length + 1) / 2)
                    .map(step -> step * 2)
                    .boxed()
                    .toList();
            return new Pairs(broken < 0 ? null : "rule " + broken, starts);
        };
    }

    private static boolean has(long[] choices, Predicate<Long> first, Predicate<Long> second) {
        for (int i = 0; i + 1 < choices.length; i += 2) {
            if (first.test(choices[i]) && second.test(choices[i + 1])) {
                return true;
            }
        }
        return false;
    }

    private static long[] random(int length) {
        return new SplittableRandom(3).longs(length, 0, 1000).toArray();
    }

    @Test
    void shouldKeepTheStepThatMattersWithItsSmallestChoices() {
        long[] least = Shrinker.shrink(oracle(c -> has(c, a -> a >= 300, b -> b > 17)), random(400), 4000);
        assertArrayEquals(new long[] {300, 18}, least);
    }

    @Test
    void shouldKeepStepsThatBelongTogether() {
        Predicate<long[]> both = c -> has(c, a -> a > 900, b -> true) && has(c, a -> a == 0 || a < 50, b -> b > 700);
        assertArrayEquals(new long[] {901, 0, 0, 701}, sorted(Shrinker.shrink(oracle(both), random(400), 4000)));
    }

    private static long[] sorted(long[] pairs) {
        return pairs.length == 4 && pairs[0] < pairs[2] ? new long[] {pairs[2], pairs[3], pairs[0], pairs[1]} : pairs;
    }

    @Test
    void shouldNotSlipToAnotherMistake() {
        // Every short list breaks the second rule: what is left must still break the first.
        Predicate<long[]> wanted = c -> has(c, a -> a > 990, b -> b > 500);
        long[] least = Shrinker.shrink(oracle(wanted, c -> c.length < 20), random(4000), 8000);
        assertArrayEquals(new long[] {991, 501}, least);
    }

    @Test
    void shouldMakeLargeNumbersSmallInFewTries() {
        long[] least = Shrinker.shrink(
                oracle(c -> c.length > 0 && Long.compareUnsigned(c[0], 1L << 62) > 0), new long[] {-5, 7}, 4000);
        assertArrayEquals(new long[] {(1L << 62) + 1}, least);
        assertTrue(runs < 200, runs + " runs");
    }

    @Test
    void shouldGiveUpWhenItHasTriedOftenEnough() {
        long[] all = random(400);
        Shrinker.shrink(oracle(c -> has(c, a -> a > 900, b -> b > 900)), all, 10);
        assertTrue(runs <= 11, runs + " runs");
    }

    @Test
    void shouldLeaveAloneWhatBreaksNothing() {
        long[] all = random(40);
        assertArrayEquals(all, Shrinker.shrink(oracle(c -> false), all, 100));
    }
}
