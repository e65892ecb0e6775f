package portcullis.machine.cmos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.RecordingLine;
import portcullis.machine.timer.ManualAlarms;

class RtcTest {
    private static final long START = Instant.parse("2024-02-29T23:59:57Z").toEpochMilli();
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private static final int UIP = 0x80;
    private static final int SET = 0x80;
    private static final int PERIODIC = 0x40;
    private static final int ALARM = 0x20;
    private static final int UPDATE = 0x10;
    private static final int REQUEST = 0x80;
    private static final int HOURS_24 = 0x02;

    private final ManualAlarms alarms = new ManualAlarms(SECOND);
    private final RecordingLine irq8 = new RecordingLine();
    private final PortBus bus = new PortBus();
    private long wallClockStep;
    private final Rtc rtc = new Rtc(alarms, () -> START + alarms.ticks() / MILLI + wallClockStep, irq8);

    RtcTest() {
        rtc.attach(bus);
    }

    private int in(int register) {
        bus.write(0x70, 1, register);
        return bus.read(0x71, 1);
    }

    private void out(int register, int value) {
        bus.write(0x70, 2, register | value << 8);
    }

    private String time() {
        return "%02x%02x-%02x-%02x %02x:%02x:%02x (%x)"
                .formatted(in(0x32), in(9), in(8), in(7), in(4), in(2), in(0), in(6));
    }

    @Test
    void shouldShowTheTimeAndLetItPass() {
        assertEquals("2024-02-29 23:59:57 (5)", time());
        alarms.advance(SECOND);
        assertEquals("2024-02-29 23:59:58 (5)", time());
        alarms.advance(2 * SECOND);
        assertEquals("2024-03-01 00:00:00 (6)", time());
        assertEquals(0, alarms.pending(), "nothing runs while no interrupt is enabled");
    }

    @Test
    void shouldShowBinaryAndTwelveHours() {
        out(0x0b, HOURS_24 | 0x04);
        assertEquals("1418-02-1d 17:3b:39 (5)", time());
        out(0x0b, 0);
        assertEquals("2024-02-29 91:59:57 (5)", time());
    }

    @Test
    void shouldStandStillWhileSet() {
        out(0x0b, SET | HOURS_24);
        alarms.advance(10 * SECOND);
        assertEquals("2024-02-29 23:59:57 (5)", time());
        out(0x00, 0x56);
        out(0x02, 0x34);
        out(0x04, 0x12);
        out(0x06, 0x02);
        out(0x07, 0x31);
        out(0x08, 0x12);
        out(0x09, 0x99);
        out(0x32, 0x19);
        assertEquals("1999-12-31 12:34:56 (2)", time());
        out(0x0b, HOURS_24);
        assertEquals("1999-12-31 12:34:56 (2)", time());
        alarms.advance(86_400 * SECOND);
        assertEquals("2000-01-01 12:34:56 (3)", time());
    }

    @Test
    void shouldTakeSingleRegistersWhileRunning() {
        out(0x04, 0x05);
        assertEquals("2024-02-29 05:59:57 (5)", time());
        alarms.advance(3 * SECOND);
        assertEquals("2024-02-29 06:00:00 (5)", time());
    }

    @Test
    void shouldUpdateHalfASecondAfterTheDividerIsLetGo() {
        alarms.advance(800 * MILLI);
        out(0x0a, 0x76);
        alarms.advance(5 * SECOND);
        assertEquals("2024-02-29 23:59:57 (5)", time());
        assertEquals(0x76, in(0x0a));
        out(0x0a, 0x26);
        alarms.advance(499 * MILLI);
        assertEquals(0x57, in(0));
        alarms.advance(MILLI);
        assertEquals(0x58, in(0));
    }

    @Test
    void shouldWarnOfUpdatesAndHoldTheTimeUntilTheyEnd() {
        alarms.advance(997_700_000);
        assertEquals(0x26, in(0x0a));
        alarms.advance(100_000);
        assertEquals(0x26 | UIP, in(0x0a));
        assertEquals(0x57, in(0));
        alarms.advanceTo(SECOND - 1);
        assertEquals(0x26 | UIP, in(0x0a));
        assertEquals(0x57, in(0));
        alarms.advanceTo(SECOND);
        assertEquals(0x26, in(0x0a));
        assertEquals(0x58, in(0));
        alarms.advanceTo(2 * SECOND - 1);
        out(0x0b, SET | HOURS_24);
        assertEquals(0x26, in(0x0a), "setting ends an update");
    }

    @Test
    void shouldCollectFlagsWithoutInterrupts() {
        assertEquals(0, in(0x0c));
        alarms.advance(SECOND);
        assertEquals(UPDATE | PERIODIC, in(0x0c));
        assertEquals(0, in(0x0c));
        assertEquals(0, irq8.rises);
    }

    @Test
    void shouldInterruptAfterEachUpdateThatWasTaken() {
        out(0x0a, 0x20);
        out(5, 0x12);
        out(0x0b, UPDATE | HOURS_24);
        alarms.advance(SECOND - 1);
        assertFalse(irq8.level);
        alarms.advance(1);
        assertTrue(irq8.level);
        alarms.advance(5 * SECOND);
        assertEquals(1, irq8.rises);
        assertEquals(0, alarms.pending(), "not read, nothing more to say");
        assertEquals(REQUEST | UPDATE, in(0x0c));
        assertFalse(irq8.level);
        alarms.advance(SECOND);
        assertEquals(2, irq8.rises);
    }

    @Test
    void shouldInterruptAtTheAlarm() {
        out(0x0a, 0x20);
        out(1, 0x05);
        out(3, 0x00);
        out(5, 0x00);
        out(0x0b, ALARM | HOURS_24);
        alarms.advance(8 * SECOND - 1);
        assertFalse(irq8.level);
        alarms.advance(1);
        assertTrue(irq8.level);
        assertEquals(REQUEST | ALARM | UPDATE, in(0x0c));
        alarms.advance(86_400 * SECOND);
        assertEquals(2, irq8.rises);
    }

    @Test
    void shouldFlagAnAlarmThatNobodyWaitedFor() {
        out(0x0a, 0x20);
        out(1, 0x05);
        out(3, 0x00);
        out(5, 0x00);
        alarms.advance(20 * SECOND);
        assertEquals(ALARM | UPDATE, in(0x0c));
        out(0x0b, ALARM | HOURS_24);
        assertFalse(irq8.level);
    }

    @ParameterizedTest
    @CsvSource({"1,256", "2,128", "3,8192", "6,1024", "10,64", "13,8", "15,2"})
    void shouldInterruptPeriodically(int rate, int hertz) {
        out(0x0a, 0x20 | rate);
        out(0x0b, PERIODIC | HOURS_24);
        int seen = 0;
        for (long end = alarms.ticks() + SECOND; alarms.ticks() < end; ) {
            alarms.advance(10_000);
            if (irq8.level) {
                seen++;
                assertEquals(REQUEST | PERIODIC, in(0x0c) & ~UPDATE);
                assertFalse(irq8.level);
            }
        }
        assertEquals(hertz, seen);
    }

    @Test
    void shouldNotInterruptAtRateZero() {
        out(0x0a, 0x20);
        out(0x0b, PERIODIC | HOURS_24);
        alarms.advance(3 * SECOND);
        assertEquals(0, irq8.rises);
        assertEquals(0, alarms.pending());
    }

    @Test
    void shouldRaiseTheLineWhenAnInterruptIsEnabledWhoseFlagIsUp() {
        alarms.advance(SECOND);
        out(0x0b, UPDATE | HOURS_24);
        assertTrue(irq8.level);
        out(0x0b, HOURS_24);
        assertFalse(irq8.level);
    }

    @Test
    void shouldTurnUpdateInterruptsOffWhenSet() {
        out(0x0b, SET | UPDATE | ALARM | HOURS_24);
        assertEquals(SET | ALARM | HOURS_24, in(0x0b));
    }

    @Test
    void shouldKeepStatusRegistersReadOnly() {
        out(0x0c, 0xff);
        out(0x0d, 0x00);
        out(0x0a, 0xa6);
        assertEquals(0x80, in(0x0d));
        assertEquals(0x26, in(0x0a));
        assertEquals(0, in(0x0c));
    }

    @Test
    void shouldMaskNmisByTheIndexPort() {
        bus.write(0x70, 1, 0x8d);
        assertTrue(rtc.nmiMasked());
        assertEquals(0x80, bus.read(0x71, 1));
        assertEquals(0xff, bus.read(0x70, 1));
        bus.write(0x70, 1, 0x0d);
        assertFalse(rtc.nmiMasked());
    }

    @ParameterizedTest
    @CsvSource({
        "536870912,0,65535,7936,0", // 512 MiB
        "1048576,0,0,0,0",
        "33554432,0,31744,256,0",
        "3221225472,0,65535,48896,0", // 3 GiB
        "3221225472,5368709120,65535,48896,81920" // 8 GiB
    })
    void shouldStoreMemorySizes(long low, long high, int kibAbove1M, int above16M, int above4G) {
        rtc.storeMemorySize(low, high);
        assertEquals(640, in(0x15) | in(0x16) << 8);
        assertEquals(kibAbove1M, in(0x17) | in(0x18) << 8);
        assertEquals(in(0x17) | in(0x18) << 8, in(0x30) | in(0x31) << 8);
        assertEquals(above16M, in(0x34) | in(0x35) << 8);
        assertEquals(above4G, in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16);
        int sum = 0;
        for (int i = 0x10; i < 0x2e; i++) {
            sum += in(i);
        }
        assertEquals(sum, in(0x2e) << 8 | in(0x2f));
    }

    @Test
    void shouldKeepMemoryAndTimeButNotInterruptsOnReset() {
        out(0x0a, 0x26);
        out(0x0b, UPDATE | PERIODIC | ALARM | HOURS_24);
        out(0x40, 0x5a);
        alarms.advance(SECOND);
        assertTrue(irq8.level);
        rtc.reset();
        assertFalse(irq8.level);
        assertEquals(HOURS_24, in(0x0b));
        assertEquals(0, in(0x0c));
        assertEquals(0x5a, in(0x40));
        assertEquals("2024-02-29 23:59:58 (5)", time());
    }

    @Test
    void shouldFollowTheHostsClockInSteps() {
        wallClockStep = 900;
        assertEquals("2024-02-29 23:59:57 (5)", time());
        wallClockStep = 3_600_000;
        assertEquals("2024-03-01 00:59:57 (6)", time());
        wallClockStep = -3_600_000;
        in(0x0c);
        assertEquals("2024-02-29 22:59:57 (5)", time());
        assertEquals(0, in(0x0c) & UPDATE, "going back is no update");
    }

    @Test
    void shouldSurviveRandomAccesses() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            out(random.nextInt(16), random.nextInt(256));
            in(random.nextInt(64));
            alarms.advance(random.nextInt(20_000_000));
        }
    }
}
