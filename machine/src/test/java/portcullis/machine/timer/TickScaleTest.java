package portcullis.machine.timer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TickScaleTest {
    @ParameterizedTest
    @CsvSource({
        "1000000000,1193182,0",
        "1000000000,1193182,1193183",
        "2600000000,1193182,999999999999",
        "1000000000,1000000000,123456789012345",
        "5000000000,1000000000,987654321987654",
        "1000,1193182,77"
    })
    void shouldFindTheFirstTickOfAUnit(long frequency, long unitFrequency, long unit) {
        TickScale scale = new TickScale(frequency, unitFrequency);
        long tick = scale.ticksOf(unit);
        assertTrue(scale.unitsAt(tick) >= unit);
        assertTrue(tick == 0 || scale.unitsAt(tick - 1) < unit);
    }

    @Test
    void shouldNotDrift() {
        assertEquals(
                1_193_182L * 86_400 * 365,
                new TickScale(2_599_999_999L, 1_193_182).unitsAt(2_599_999_999L * 86_400 * 365));
    }

    @Test
    void shouldSaturateWhereTicksDoNotReach() {
        assertEquals(Long.MAX_VALUE, new TickScale(5_000_000_000L, 1).ticksOf(Long.MAX_VALUE));
    }

    @Test
    void shouldRefuseScalesThatOverflow() {
        assertThrows(ArithmeticException.class, () -> new TickScale(10_000_000_000L, 1_000_000_000));
    }
}
