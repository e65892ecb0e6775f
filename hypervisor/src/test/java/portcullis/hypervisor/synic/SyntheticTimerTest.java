package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.hypervisor.synic.SynicBench.slot;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.tlfs.HvMsr;

/** TLFS timers.md, "Synthetic Timers". Times in 100 ns units. */
class SyntheticTimerTest {
    private static final int ENABLED = 1;
    private static final int PERIODIC = 2;
    private static final int LAZY = 4;
    private static final int AUTO_ENABLE = 8;
    private static final int SINT2 = 2 << 16;
    private static final int DIRECT = 1 << 12 | 0x90 << 4;
    private static final int VECTOR = SynicBench.VECTOR + 2;
    private static final int DIRECT_VECTOR = 0x90;

    private final SynicBench bench = SynicBench.enabled();

    @BeforeEach
    void begin() {
        bench.timeIs(1000);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void config(int timer, long value) {
        bench.write(HvMsr.STIMER0_CONFIG + 2 * timer, value);
    }

    private void count(int timer, long value) {
        bench.write(HvMsr.STIMER0_COUNT + 2 * timer, value);
    }

    private boolean enabled(int timer) {
        return (bench.read(HvMsr.STIMER0_CONFIG + 2 * timer) & ENABLED) != 0;
    }

    private boolean alarmIsSet() {
        return bench.alarms.nextDeadline() != VirtualAlarms.NEVER;
    }

    /** Takes the message of SINT 2 and its interrupt. @return when it was due */
    private long take() {
        assertEquals(VECTOR, bench.interrupt());
        assertEquals(0x8000_0010, bench.type(2));
        long due = bench.payload(2, 1);
        bench.consume(2);
        if (bench.pending(2)) {
            bench.endOfMessage();
        }
        return due;
    }

    // One shot

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldSendAMessageOnce(int timer) {
        count(timer, 1500);
        config(timer, ENABLED | SINT2);
        assertEquals(150_000, bench.alarms.nextDeadline());
        bench.timeIs(1499);
        assertEquals(0, bench.type(2));
        bench.timeIs(1510);
        assertEquals(VECTOR, bench.interrupt());
        assertEquals(0x8000_0010, bench.type(2));
        assertEquals(24, bench.payloadSize(2));
        assertFalse(bench.pending(2));
        assertEquals(0, bench.view.getLong(slot(2) + 8), "timers have no origin");
        assertEquals(timer, bench.payload(2, 0), "index, and zeros");
        assertEquals(1500, bench.payload(2, 1), "expiration time");
        assertEquals(1510, bench.payload(2, 2), "delivery time");
        assertFalse(enabled(timer));
        assertFalse(alarmIsSet());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 999, 1000})
    void shouldExpireAtOnceWhereTheTimeHasPassed(long time) {
        count(0, time);
        config(0, ENABLED | SINT2);
        assertEquals(time, take());
        assertFalse(enabled(0));
    }

    @Test
    void shouldWaitForTheCount() {
        config(0, ENABLED | SINT2);
        assertTrue(enabled(0));
        assertFalse(alarmIsSet());
        count(0, 1200);
        assertEquals(120_000, bench.alarms.nextDeadline());
    }

    @Test
    void shouldEnableByTheCountWhereItIsAskedTo() {
        config(0, AUTO_ENABLE | SINT2);
        assertFalse(enabled(0));
        count(0, 1200);
        assertTrue(enabled(0));
        bench.timeIs(1200);
        assertEquals(1200, take());
        assertFalse(enabled(0));
        count(0, 1300);
        bench.timeIs(1300);
        assertEquals(1300, take(), "again");
    }

    @Test
    void shouldNotEnableByTheCountUnasked() {
        config(0, SINT2);
        count(0, 1200);
        assertFalse(enabled(0));
        assertFalse(alarmIsSet());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, PERIODIC, AUTO_ENABLE, PERIODIC | AUTO_ENABLE})
    void shouldStopAtCountZero(int bits) {
        count(0, 2000);
        config(0, ENABLED | SINT2 | bits);
        assertTrue(alarmIsSet());
        count(0, 0);
        assertFalse(enabled(0));
        assertFalse(alarmIsSet());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"no source, 1, false", "auto-enabled without source, 8, false", "direct mode needs none, 2305, true"})
    void shouldDisableWhatHasNoSource(String name, int config, boolean runs) {
        count(0, 2000);
        config(0, config | (runs ? DIRECT : 0));
        count(0, 2000);
        assertEquals(runs, enabled(0));
        assertEquals(runs, alarmIsSet());
    }

    @Test
    void shouldStopWhenDisabled() {
        count(0, 2000);
        config(0, ENABLED | SINT2);
        config(0, SINT2);
        assertFalse(alarmIsSet());
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE / 100 + 1})
    void shouldTakeCountsThatTheClockNeverReaches(long count) {
        count(0, count);
        config(0, ENABLED | SINT2);
        assertTrue(enabled(0));
        assertFalse(alarmIsSet());
        config(0, ENABLED | PERIODIC | SINT2);
        assertTrue(enabled(0));
        bench.timeIs(1_000_000);
        assertEquals(LocalApic.NONE, bench.interrupt());
    }

    // Busy slots

    @Test
    void shouldRetryWhenTheSlotIsFree() {
        bench.view.putInt(slot(2), 1);
        count(1, 1500);
        config(1, ENABLED | SINT2);
        bench.timeIs(1500);
        assertTrue(bench.pending(2));
        assertFalse(enabled(1), "it has expired");
        assertEquals(LocalApic.NONE, bench.interrupt());
        bench.timeIs(1700);
        bench.consume(2);
        bench.endOfMessage();
        assertEquals(1, bench.payload(2, 0));
        assertEquals(1500, bench.payload(2, 1));
        assertEquals(1700, bench.payload(2, 2));
        assertEquals(1500, take());
    }

    @Test
    void shouldQueueTimersBehindEachOther() {
        for (int timer = 0; timer < 4; timer++) {
            count(timer, 1500 - timer);
            config(timer, ENABLED | SINT2);
        }
        bench.timeIs(1600);
        for (int timer = 3; timer >= 0; timer--) {
            assertEquals(timer, bench.payload(2, 0));
            assertEquals(1500 - timer, take());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTakeAMessageBackThatTheGuestNoLongerAsksFor(boolean byCount) {
        bench.view.putInt(slot(2), 1);
        count(0, 1500);
        config(0, ENABLED | SINT2);
        bench.timeIs(1500);
        if (byCount) {
            count(0, 3000);
        } else {
            config(0, 0);
        }
        bench.consume(2);
        bench.endOfMessage();
        assertEquals(0, bench.type(2));
    }

    @Test
    void shouldKeepAMessageWhileTheMessagePageIsOff() {
        bench.write(HvMsr.SIMP, 0);
        count(0, 1500);
        config(0, ENABLED | SINT2);
        bench.timeIs(1600);
        assertEquals(LocalApic.NONE, bench.interrupt());
        bench.write(HvMsr.SIMP, SynicBench.MESSAGES | 1);
        assertEquals(1500, take());
    }

    // Periodic

    private List<Long> signals(int from, int to, int step) {
        List<Long> due = new ArrayList<>();
        for (int now = from; now <= to; now += step) {
            bench.timeIs(now);
            while (bench.type(2) != 0) {
                due.add(take());
            }
        }
        return due;
    }

    @Test
    void shouldRepeat() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | SINT2);
        assertEquals(List.of(2000L, 3000L, 4000L, 5000L), signals(1000, 5999, 1));
        assertTrue(enabled(0));
        config(0, 0);
        assertEquals(List.of(), signals(6000, 9000, 100));
    }

    @Test
    void shouldBeginThePeriodWhenEnabled() {
        config(0, AUTO_ENABLE | PERIODIC | SINT2);
        bench.timeIs(1234);
        count(0, 1000);
        assertEquals(List.of(2234L, 3234L), signals(1300, 3300, 1));
    }

    @Test
    void shouldCatchUpWhereTheHostWasLate() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | SINT2);
        assertEquals(List.of(2000L), signals(5500, 5500, 1));
        // Three are missed: half a period apart, the sixth comes when three periods are over.
        assertEquals(List.of(3000L, 4000L, 5000L, 6000L, 7000L, 8000L), signals(5501, 8500, 1));
        assertEquals(List.of(), signals(8501, 8999, 1), "it has caught up");
        assertEquals(List.of(9000L), signals(9000, 9999, 1));
    }

    @Test
    void shouldSkipWhereTooManyWereMissed() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | SINT2);
        assertEquals(List.of(2000L), signals(100_500, 100_500, 1));
        assertEquals(List.of(101_000L, 102_000L), signals(100_501, 102_999, 1), "in phase");
    }

    @Test
    void shouldStandStillWhileItsMessageWaits() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | SINT2);
        bench.timeIs(2000);
        bench.timeIs(3000);
        assertTrue(bench.pending(2), "the second waits for the slot of the first");
        assertFalse(alarmIsSet());
        bench.timeIs(4800);
        assertEquals(2000, take());
        assertEquals(3000, take());
        assertEquals(List.of(4000L, 5000L, 6000L), signals(4801, 6999, 1));
    }

    @Test
    void shouldSkipLazySignals() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | LAZY | SINT2);
        assertEquals(List.of(2000L), signals(2500, 2500, 1), "late, but not too late");
        assertEquals(List.of(), signals(3990, 3990, 1), "shortly before the next");
        assertEquals(List.of(4000L), signals(4000, 4999, 10));
        assertEquals(List.of(5000L), signals(7100, 7100, 1));
        assertEquals(List.of(8000L, 9000L), signals(7101, 9999, 1), "does not catch up");
    }

    @Test
    void shouldLeaveOutALazyMessageThatWaitedTooLong() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | LAZY | SINT2);
        bench.timeIs(2000);
        bench.timeIs(3000);
        bench.timeIs(3990);
        assertEquals(2000, take());
        assertEquals(0, bench.type(2));
        assertEquals(List.of(4000L, 5000L), signals(3991, 5999, 1));
    }

    @Test
    void shouldNotGiveTheHostsThreadToAGuestThatAsksForShortPeriods() {
        count(0, 1);
        config(0, ENABLED | PERIODIC | DIRECT);
        int alarms = 0;
        for (int now = 1001; now <= 11_000; now++) {
            bench.clock.advanceTo(now * 100L);
            alarms += bench.alarms.fireDue();
        }
        assertTrue(alarms <= 101, alarms + " in a millisecond");
        assertEquals(DIRECT_VECTOR, bench.interrupt());
    }

    // Direct mode

    @Test
    void shouldAssertTheVectorInDirectMode() {
        bench.write(HvMsr.SCONTROL, 0);
        count(0, 1500);
        config(0, ENABLED | DIRECT);
        bench.timeIs(1499);
        assertEquals(LocalApic.NONE, bench.interrupt());
        bench.timeIs(1500);
        assertEquals(DIRECT_VECTOR, bench.interrupt());
        assertFalse(enabled(0));
    }

    @Test
    void shouldRepeatInDirectMode() {
        count(0, 1000);
        config(0, ENABLED | PERIODIC | DIRECT);
        int interrupts = 0;
        for (int now = 1000; now < 11_000; now += 10) {
            bench.timeIs(now);
            interrupts += bench.interrupt() == DIRECT_VECTOR ? 1 : 0;
        }
        assertEquals(9, interrupts);
    }

    @Test
    void shouldForgetTimersAtReset() {
        count(0, 1500);
        config(0, ENABLED | SINT2);
        count(1, 500);
        config(1, ENABLED | PERIODIC | DIRECT);
        bench.synic().reset();
        assertFalse(alarmIsSet());
        bench.enable(0);
        bench.timeIs(9000);
        assertEquals(LocalApic.NONE, bench.interrupt());
        assertEquals(0, bench.type(2));
    }

    @Test
    void shouldStandStillWhileTimeIsPaused() {
        count(0, 1500);
        config(0, ENABLED | SINT2);
        bench.alarms.pause();
        bench.timeIs(1600);
        assertEquals(0, bench.type(2));
        bench.alarms.resume();
        bench.timeIs(1600);
        assertEquals(1500, take());
    }
}
