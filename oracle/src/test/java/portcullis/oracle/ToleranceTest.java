package portcullis.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToleranceTest {
    @ParameterizedTest
    @CsvSource({
        "3f800000, 3f800000, true",
        "3f800000, 3f801000, true",
        "3f800000, 3f804000, false",
        "7f800000, 7f800000, true",
        "7f800000, 7f7fffff, false",
        "7fc00000, 7fc00001, false"
    })
    void shouldAcceptReciprocalsAboutAsGood(String expected, String actual, boolean accepted) {
        long upper = 0x4000000000000000L;
        assertEquals(
                accepted,
                Tolerance.reciprocals(upper | Long.parseLong(expected, 16), upper | Long.parseLong(actual, 16)));
    }

    @ParameterizedTest
    @CsvSource({
        "3fff, 8000000000000000, 3fff, 8000000000000002, true",
        "3fff, 8000000000000000, 3fff, 8000000000000003, false",
        "3fff, 8000000000000000, 3ffe, ffffffffffffffff, true",
        "3fff, 8000000000000000, 3ffe, fffffffffffffff0, false",
        "3fff, 8000000000000000, bfff, 8000000000000000, false"
    })
    void shouldAcceptAUnitInTheLastPlace(String top, String bits, String otherTop, String otherBits, boolean accepted) {
        assertEquals(
                accepted,
                Tolerance.extended(
                        Integer.parseInt(top, 16),
                        Long.parseUnsignedLong(bits, 16),
                        Integer.parseInt(otherTop, 16),
                        Long.parseUnsignedLong(otherBits, 16)));
    }
}
