package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.app.SecretPrograms.Observed;

/**
 * Nothing that level 0 can observe depends on what level 1 hides: random programs run twice, with different secrets, and leave the same to
 * the bit. {@code -Dportcullis.secrets=N} for more programs, {@code -Dportcullis.secrets.first=N} for others; the figures of all are said in
 * the end.
 */
@Timeout(300)
class SecretsTest {
    private static final int PROGRAMS = Integer.getInteger("portcullis.secrets", 6);
    private static final int FIRST = Integer.getInteger("portcullis.secrets.first", 1);

    private static final long[] figures = new long[3];
    private static int programs;
    private static int early;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    @AfterAll
    static void sayFigures() {
        System.out.printf(
                "%d programs, %d ended early; %d intercepts; random code ran %d times, was brought out %d times%n",
                programs, early, figures[0], figures[2], figures[1]);
    }

    static IntStream programs() {
        return IntStream.range(FIRST, FIRST + PROGRAMS);
    }

    private static Observed run(int number, String secret, String... words) throws IOException {
        return new SecretPrograms(folder).run(number, secret, words);
    }

    @ParameterizedTest
    @MethodSource("programs")
    void shouldShowNothingOfTheSecretToARandomNormalSide(int number) throws IOException {
        Observed one = run(number, SecretPrograms.SECRET);
        programs++;
        early += one.complete() ? 0 : 1;
        for (int i = 0; i < figures.length; i++) {
            figures[i] += one.figures()[i];
        }
        int other = number % SecretPrograms.OTHERS.size();
        assertEquals(one, run(number, SecretPrograms.OTHERS.get(other)));
        assertFalse(one.said().contains("pages have been written"), one.said());
    }

    /** The comparison sees something: of programs, and of secrets. */
    @Test
    void shouldTellProgramsApart() throws IOException {
        Observed one = run(3, SecretPrograms.SECRET);
        assertEquals(one, run(3, SecretPrograms.SECRET));
        assertTrue(one.complete(), one.said());
        assertNotEquals(one, run(6, SecretPrograms.SECRET));
    }

    @Test
    void shouldTellSecretsApartWhereNothingIsHidden() throws IOException {
        for (int number = 1; number <= 3; number++) {
            assertNotEquals(
                    run(number, SecretPrograms.SECRET, "open"), run(number, SecretPrograms.OTHERS.getFirst(), "open"));
        }
    }
}
