package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
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
                Choices choices = Choices.random(seed);
                try {
                    new Program(bench, choices, tally).run(STEPS);
                } catch (Violation violation) {
                    throw new AssertionError(
                            "%s%nseed %d: bench/fuzz.sh --variant %s --steps %d --program %d%n%s"
                                    .formatted(
                                            violation.getMessage(),
                                            seed,
                                            variant,
                                            STEPS,
                                            seed,
                                            Programs.explain(variant, choices.taken(), STEPS, CallRule.NONE)),
                            violation);
                }
                bench.restart();
            }
        }
        assertTrue(tally.calls > 0, tally::describe);
    }

    @Test
    void shouldMakeTheSameProgramOfTheSameChoices() {
        Choices first = Choices.random(7);
        List<String> history =
                Programs.run(Variant.FULL, first, 150, CallRule.NONE).history();
        assertEquals(
                history,
                Programs.run(Variant.FULL, Choices.again(first.taken()), 150, CallRule.NONE)
                        .history());
    }

    @Test
    void shouldSayWhereItCannotBeRepeated() {
        String told = Programs.explain(Variant.BARE, new long[] {0, 0}, 1, CallRule.NONE);
        assertTrue(told.contains("by itself the program breaks no rule"), told);
    }

    /** A rule that does not hold: some random call breaks it, sooner or later. */
    private static final CallRule PLANTED = call -> Violation.require(
            call.code() != CallTable.SEND_IPI || !call.fast(), "planted: a fast IPI, control %x", call.control);

    @ParameterizedTest
    @EnumSource(names = {"FULL", "LEVELS"})
    void shouldMakeAProgramThatFailsAsSmallAsCanBe(Variant variant) {
        Choices choices;
        Programs.Run run;
        long seed = 0;
        do {
            choices = Choices.random(++seed);
            run = Programs.run(variant, choices, STEPS, PLANTED);
            assertTrue(seed < 100, "no fast IPI in so many programs");
        } while (run.violation() == null || run.stepStarts().size() < 10);

        String told = Programs.explain(variant, choices.taken(), STEPS, PLANTED);
        assertTrue(told.contains("made smaller, 1 steps:"), told);
        assertTrue(told.contains("planted: a fast IPI, control 1000b"), told);
        String command = told.lines().toList().getLast();
        assertTrue(command.startsWith("again: bench/fuzz.sh --variant " + variant + " --steps 400 --choices "), told);
        long[] least = Arrays.stream(
                        command.substring(command.lastIndexOf(' ') + 1).split(","))
                .mapToLong(Long::parseLong)
                .toArray();
        Programs.Run again = Programs.run(variant, Choices.again(least), STEPS, PLANTED);
        assertEquals(run.violation().kind(), again.violation().kind());
    }
}
