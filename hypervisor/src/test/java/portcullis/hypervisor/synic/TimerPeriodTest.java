package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimerPeriodTest {
    @ParameterizedTest(name = "due {0}, given {1}, every {2}, lazy {3}: {6}")
    @CsvSource({
        "1000, 1000, 100, false, 1100, 1100, in time",
        "1000, 1099, 100, false, 1100, 1100, less than a period late",
        "1000, 1100, 100, false, 1100, 1150, one period missed",
        "1000, 1120, 100, false, 1100, 1170, catches up",
        "1000, 1499, 100, false, 1100, 1549, four missed",
        "1000, 1500, 100, false, 1600, 1600, five missed: skipped",
        "1000, 9999950, 100, false, 10000000, 10000000, keeps its phase",
        "1000, 1000, 100, true, 1100, 1100, lazy in time",
        "1000, 1120, 100, true, 1200, 1200, lazy skips",
        "1000, 1100, 100, true, 1200, 1200, lazy skips what is due now",
        "5, 6, 1, false, 6, 7, the shortest period",
        "1000, 1000, -1, false, -1, -1, never again",
        "1000, 1000, -1000, false, -1, -1, never again by a hair",
        "1000, 1000, -1001, false, -1, -1, the last moment there is",
        "1000, 1000, -1002, false, -2, -2, the last but one",
        "1000, 1000, 9223372036854775807, false, -9223372036854774809, -9223372036854774809, beyond the sign",
    })
    void shouldSayWhatFollows(
            long due, long given, long period, boolean lazy, long expiry, long alarm, String comment) {
        assertEquals(new TimerPeriod(expiry, alarm), TimerPeriod.after(due, given, period, lazy));
    }

    @Test
    void shouldCatchUpWithAFewMissedPeriods() {
        long expiry = 1000;
        long now = 1330;
        int signals = 0;
        while (true) {
            TimerPeriod next = TimerPeriod.after(expiry, now, 100, false);
            assertEquals(expiry + 100, next.expiry(), "none is left out");
            expiry = next.expiry();
            now = next.alarm();
            assertTrue(now >= expiry, "never early");
            if (now == expiry) {
                break;
            }
            signals++;
        }
        assertTrue(signals <= 10, "after " + signals);
    }

    @ParameterizedTest
    @CsvSource({
        "1000, 1000, 80, false",
        "1000, 1069, 80, false",
        "1000, 1070, 80, false",
        "1000, 1071, 80, true",
        "1000, 1079, 80, true",
        "1000, 1080, 80, false",
        "1000, 1159, 80, true",
        "7, 7, 1, false",
        "7, 900, 1, false",
    })
    void shouldLeaveOutLazySignalsShortlyBeforeTheNext(long due, long now, long period, boolean skipped) {
        assertEquals(skipped, TimerPeriod.skippedByLazy(due, now, period));
    }
}
