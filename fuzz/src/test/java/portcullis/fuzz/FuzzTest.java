package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A slice of what {@link Fuzz} does for hours. Another one: {@code -Dfuzz.seed=N}. */
class FuzzTest {
    private static final long SEED = Long.getLong("fuzz.seed", 2026);
    private static final int PROGRAMS = 12;
    private static final int STEPS = 400;

    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldKeepTheRulesWhateverTheGuestDoes(Variant variant) {
        Tally tally = new Tally();
        try (Bench bench = new Bench(variant)) {
            for (int i = 0; i < (variant == Variant.MANY ? 2 : PROGRAMS); i++) {
                long seed = (SEED << 32) + i;
                try {
                    new Program(bench, Choices.random(seed), tally).run(STEPS);
                } catch (Violation violation) {
                    throw new AssertionError(
                            "seed %d, %s: %s".formatted(seed, variant, violation.getMessage()), violation);
                }
                bench.restart();
            }
        }
        assertTrue(tally.calls > 0, tally::describe);
    }

    @Test
    void shouldMakeTheSameProgramOfTheSameChoices() {
        Choices first = Choices.random(7);
        List<String> history = Programs.run(first, 150).history();
        assertEquals(history, Programs.run(Choices.again(first.taken()), 150).history());
    }

    @Test
    void shouldSayWhatItTookWhereItCannotBeRepeated() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        Programs.shrink(new long[] {0, 0}, 1, new PrintStream(text));
        assertTrue(text.toString().contains("by itself the program breaks no rule"), text::toString);
    }
}
