package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApicTimerTest {
    private static final int ONE_SHOT = 0;
    private static final int PERIODIC = 1 << 17;
    private static final int DEADLINE = 2 << 17;
    private static final int DIVIDE_BY_1 = 0xb;

    private final ApicBench bench = ApicBench.single();
    private final LocalApic apic = bench.apic();

    private void start(int mode, int divide, int count) {
        bench.write(0x320, mode | 0xec);
        bench.write(0x3e0, divide);
        bench.write(0x380, count);
    }

    private boolean fired() {
        if (apic.deliverable() != 0xec) {
            return false;
        }
        apic.acknowledge();
        apic.endOfInterrupt();
        return true;
    }

    @ParameterizedTest
    @CsvSource({"0x0, 2", "0x1, 4", "0x2, 8", "0x3, 16", "0x8, 32", "0x9, 64", "0xa, 128", "0xb, 1"})
    void shouldDivideTheClock(String divide, int divisor) {
        start(ONE_SHOT, Integer.decode(divide), 1000);
        bench.passTime(1000L * divisor - 1);
        assertEquals(1, bench.read(0x390));
        assertEquals(false, fired());
        bench.passTime(1);
        assertEquals(0, bench.read(0x390));
        assertEquals(true, fired());
    }

    @Test
    void shouldFireOnceInOneShotMode() {
        start(ONE_SHOT, DIVIDE_BY_1, 1000);
        bench.passTime(400);
        assertEquals(600, bench.read(0x390));
        bench.passTime(600);
        assertEquals(true, fired());
        bench.passTime(5000);
        assertEquals(false, fired());
        assertEquals(1000, bench.read(0x380));
    }

    @Test
    void shouldCountTheWholeWidth() {
        start(ONE_SHOT, 0xa, 0xffffffff);
        bench.passTime(128);
        assertEquals(0xfffffffe, bench.read(0x390));
        bench.passTime(0xfffffffeL * 128);
        assertEquals(true, fired());
    }

    @Test
    void shouldFireAgainAndAgainInPeriodicMode() {
        start(PERIODIC, DIVIDE_BY_1, 100_000);
        for (int i = 0; i < 5; i++) {
            bench.passTime(99_999);
            assertEquals(false, fired());
            assertEquals(1, bench.read(0x390));
            bench.passTime(1);
            assertEquals(true, fired());
            assertEquals(100_000, bench.read(0x390));
        }
    }

    @Test
    void shouldKeepPhaseWhenAlarmIsLate() {
        start(PERIODIC, DIVIDE_BY_1, 100_000);
        bench.clock.advanceTo(bench.clock.ticks() + 350_000);
        assertEquals(50_000, bench.read(0x390), "read before the alarm has run");
        bench.alarms.fireDue();
        assertEquals(true, fired());
        assertEquals(50_000, bench.read(0x390));
        bench.passTime(49_999);
        assertEquals(false, fired());
        bench.passTime(1);
        assertEquals(true, fired());
    }

    @Test
    void shouldMergeInterruptsOfVeryShortPeriods() {
        start(PERIODIC, DIVIDE_BY_1, 1);
        int alarms = 0;
        for (int i = 0; i < 100_000; i++) {
            bench.passTime(1);
            alarms += fired() ? 1 : 0;
        }
        assertEquals(10, alarms, "one at once, then one each minimum interval");
    }

    @Test
    void shouldStopWhenInitialCountIsZero() {
        start(PERIODIC, DIVIDE_BY_1, 20_000);
        bench.write(0x380, 0);
        bench.passTime(50_000);
        assertEquals(false, fired());
        assertEquals(0, bench.read(0x390));
    }

    @Test
    void shouldCountSilentlyWhileMasked() {
        start(1 << 16 | PERIODIC, DIVIDE_BY_1, 20_000);
        bench.passTime(30_000);
        assertEquals(false, fired());
        assertEquals(10_000, bench.read(0x390));
        bench.write(0x320, PERIODIC | 0xec);
        bench.passTime(10_000);
        assertEquals(true, fired());
    }

    @Test
    void shouldKeepCountWhenModeChangesBetweenOneShotAndPeriodic() {
        start(ONE_SHOT, DIVIDE_BY_1, 100_000);
        bench.passTime(60_000);
        bench.write(0x320, PERIODIC | 0xec);
        assertEquals(40_000, bench.read(0x390));
        bench.passTime(40_000);
        assertEquals(true, fired());
        assertEquals(100_000, bench.read(0x390), "reloaded");
        bench.passTime(30_000);
        bench.write(0x320, ONE_SHOT | 0xec);
        assertEquals(70_000, bench.read(0x390));
        bench.passTime(70_000);
        assertEquals(true, fired());
        assertEquals(0, bench.read(0x390));
        bench.write(0x320, PERIODIC | 0xec);
        bench.passTime(200_000);
        assertEquals(0, bench.read(0x390), "an expired count stays");
        assertEquals(false, fired());
    }

    @Test
    void shouldKeepCountWhenDividerChanges() {
        start(ONE_SHOT, DIVIDE_BY_1, 1000);
        bench.passTime(400);
        bench.write(0x3e0, 0);
        assertEquals(600, bench.read(0x390));
        bench.passTime(1199);
        assertEquals(false, fired());
        bench.passTime(1);
        assertEquals(true, fired());
    }

    @Test
    void shouldFireAtTscDeadline() {
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(71_000, 70_000);
        assertEquals(71_000, apic.tscDeadline());
        assertEquals(0, bench.read(0x390));
        bench.passTime(999);
        assertEquals(false, fired());
        bench.passTime(1);
        assertEquals(true, fired());
        assertEquals(0, apic.tscDeadline());
    }

    @ParameterizedTest
    @CsvSource({"70000", "69999", "1"})
    void shouldFireAtOnceForDeadlinesThatHavePassed(long deadline) {
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(deadline, 70_000);
        assertEquals(true, fired());
        assertEquals(0, apic.tscDeadline());
    }

    @ParameterizedTest(name = "counter moved to {0}: fires after {1}")
    @CsvSource({"70500, 500", "69000, 2000", "70000, 1000", "71000, 0", "80000, 0"})
    void shouldWaitForItsTimeStampWhereThatIsMoved(long moved, long wait) {
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(71_000, 70_000);
        apic.timeStampMoved(moved);
        if (wait > 0) {
            assertEquals(71_000, apic.tscDeadline());
            bench.passTime(wait - 1);
            assertEquals(false, fired());
            bench.passTime(1);
        }
        assertEquals(true, fired());
        bench.passTime(10_000);
        assertEquals(false, fired());
    }

    @Test
    void shouldNotFireWhereTheTimeStampIsMovedAndNothingWaits() {
        bench.write(0x320, DEADLINE | 0xec);
        apic.timeStampMoved(-1);
        bench.passTime(10_000);
        assertEquals(false, fired());
    }

    @Test
    void shouldTreatDeadlinesAsUnsigned() {
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(-1, 70_000);
        bench.passTime(1L << 60);
        assertEquals(false, fired());
        assertEquals(-1, apic.tscDeadline());
        apic.writeTscDeadline(0x8000_0000_0000_0001L, 0x8000_0000_0000_0000L);
        bench.passTime(1);
        assertEquals(true, fired());
    }

    @Test
    void shouldDisarmWhenDeadlineIsZero() {
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(71_000, 70_000);
        apic.writeTscDeadline(0, 70_000);
        bench.passTime(2000);
        assertEquals(false, fired());
    }

    @Test
    void shouldIgnoreDeadlineOutsideItsMode() {
        start(ONE_SHOT, DIVIDE_BY_1, 1000);
        apic.writeTscDeadline(1, 70_000);
        assertEquals(false, fired());
        assertEquals(0, apic.tscDeadline());
        assertEquals(1000, bench.read(0x390));
    }

    @Test
    void shouldIgnoreInitialCountInDeadlineMode() {
        bench.write(0x320, DEADLINE | 0xec);
        bench.write(0x380, 1000);
        assertEquals(0, bench.read(0x380));
        bench.passTime(1000);
        assertEquals(false, fired());
    }

    @Test
    void shouldDisarmOnTheWayIntoAndOutOfDeadlineMode() {
        start(ONE_SHOT, DIVIDE_BY_1, 1000);
        bench.write(0x320, DEADLINE | 0xec);
        apic.writeTscDeadline(71_000, 70_000);
        bench.write(0x320, ONE_SHOT | 0xec);
        assertEquals(0, apic.tscDeadline());
        bench.passTime(5000);
        assertEquals(false, fired());
    }

    @Test
    void shouldHaveNoDeadlineModeWhereItIsNotOffered() {
        ApicBench old = new ApicBench(new ApicFeatures(true, false, 40), 0);
        old.enable();
        old.write(0x320, DEADLINE | 0xec);
        assertEquals(0xec, old.read(0x320));
        assertEquals(false, old.apic().hasTscDeadline());
    }

    @Test
    void shouldStopAtReset() {
        start(PERIODIC, DIVIDE_BY_1, 20_000);
        apic.reset();
        bench.enable();
        bench.passTime(100_000);
        assertEquals(LocalApic.NONE, apic.deliverable());
    }
}
