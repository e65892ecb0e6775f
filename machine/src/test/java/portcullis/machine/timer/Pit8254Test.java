package portcullis.machine.timer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.RecordingLine;

/** The clock runs at the timer's own frequency: a tick is a cycle of its input. */
class Pit8254Test {
    private final ManualAlarms alarms = new ManualAlarms(Pit8254.FREQUENCY);
    private final RecordingLine irq0 = new RecordingLine();
    private final PortBus bus = new PortBus();
    private final Pit8254 pit = new Pit8254(alarms, irq0);

    Pit8254Test() {
        pit.attach(bus);
    }

    private void out(int port, int value) {
        bus.write(port, 1, value);
    }

    private int in(int port) {
        return bus.read(port, 1);
    }

    private void program(int channel, int mode, int count) {
        out(0x43, channel << 6 | 0x30 | mode << 1);
        out(0x40 + channel, count & 0xff);
        out(0x40 + channel, count >> 8);
    }

    private int count(int channel) {
        out(0x43, channel << 6);
        return in(0x40 + channel) | in(0x40 + channel) << 8;
    }

    private int status(int channel) {
        out(0x43, 0xe0 | 2 << channel);
        return in(0x40 + channel);
    }

    private boolean output(int channel) {
        return (status(channel) & 0x80) != 0;
    }

    /** The output over the next cycles, drawn: '#' high, '_' low. */
    private String wave(int channel, int cycles) {
        StringBuilder wave = new StringBuilder();
        for (int i = 0; i < cycles; i++) {
            wave.append(output(channel) ? '#' : '_');
            alarms.advance(1);
        }
        return wave.toString();
    }

    /** Data sheet 231164, figures 15 to 18: from the cycle in which the count is written; gate high. */
    @ParameterizedTest
    @CsvSource({
        "0,4,_____###########",
        "4,3,####_###########",
        "2,3,###_##_##_##_##_",
        "2,4,####_###_###_###",
        "3,4,###__##__##__##_",
        "3,5,####__###__###__",
        "2,1,################",
        "3,1,################",
        "3,2,##_#_#_#_#_#_#_#",
    })
    void shouldDrawTheDataSheetsWaves(int mode, int count, String expected) {
        program(0, mode, count);
        assertEquals(expected, wave(0, 16));
    }

    /** Modes 1 and 5 wait for the gate, which only channel 2 has. */
    @ParameterizedTest
    @CsvSource({"1,3,#___########", "5,3,####_#######"})
    void shouldStartAtTheGatesEdge(int mode, int count, String expected) {
        program(2, mode, count);
        assertEquals("####", wave(2, 4));
        out(0x61, 1);
        assertEquals(expected, wave(2, 12));
        out(0x61, 0);
        assertEquals("###", wave(2, 3));
        out(0x61, 1);
        assertEquals(expected, wave(2, 12));
    }

    @Test
    void shouldRetriggerAOneShot() {
        program(2, 1, 5);
        out(0x61, 1);
        assertEquals("#___", wave(2, 4));
        out(0x61, 0);
        out(0x61, 1);
        assertEquals("______##", wave(2, 8));
    }

    @ParameterizedTest
    @CsvSource({"0,10", "4,10"})
    void shouldPauseWhileTheGateIsLow(int mode, int count) {
        program(2, mode, count);
        alarms.advance(5);
        assertEquals(10, count(2), "loaded, but held");
        out(0x61, 1);
        alarms.advance(4);
        assertEquals(6, count(2));
        out(0x61, 0);
        alarms.advance(100);
        assertEquals(6, count(2));
        out(0x61, 1);
        alarms.advance(6);
        assertEquals(0, count(2));
        assertEquals(mode == 0, output(2));
        alarms.advance(2);
        assertEquals(0xfffe, count(2));
        assertTrue(output(2));
    }

    @Test
    void shouldRestartRateGeneratorsAtTheGatesEdge() {
        out(0x61, 1);
        program(2, 3, 6);
        assertEquals("####___#", wave(2, 8));
        alarms.advance(3);
        assertFalse(output(2));
        out(0x61, 0);
        assertEquals("####", wave(2, 4));
        out(0x61, 1);
        assertEquals("####___###___", wave(2, 13));
    }

    @Test
    void shouldChangeCountsAtTheEndOfTheCycle() {
        program(0, 2, 4);
        alarms.advance(2);
        out(0x40, 2);
        out(0x40, 0);
        assertEquals(0x40, status(0) & 0x40, "null count until it is loaded");
        assertEquals("##_#_#_#_", wave(0, 9));
        assertEquals(0, status(0) & 0x40);
    }

    @Test
    void shouldChangeSquareWavesAtTheHalfCycle() {
        program(0, 3, 8);
        alarms.advance(2);
        out(0x40, 4);
        out(0x40, 0);
        assertEquals("###__##__##", wave(0, 11));
    }

    @Test
    void shouldStopModeZeroBetweenTheBytesOfACount() {
        program(0, 0, 3);
        alarms.advance(10);
        assertTrue(output(0));
        out(0x40, 4);
        assertEquals("_____", wave(0, 5));
        out(0x40, 0);
        assertEquals("_____###", wave(0, 8));
    }

    @ParameterizedTest
    @CsvSource({
        "2,1000,1000;999;998",
        "3,1000,1000;998;996",
        "3,1001,1000;998;996",
        "0,1000,1000;999;998",
        "2,0,0;65535;65534"
    })
    void shouldCountDown(int mode, int count, String expected) {
        program(0, mode, count);
        for (String value : expected.split(";")) {
            alarms.advance(1);
            assertEquals(Integer.parseInt(value), count(0));
        }
    }

    @Test
    void shouldCountInBcd() {
        out(0x43, 0x31);
        out(0x40, 0x00);
        out(0x40, 0x20);
        alarms.advance(2);
        assertEquals(0x1999, count(0));
        alarms.advance(1998);
        assertEquals(0x0001, count(0));
        alarms.advance(2);
        assertEquals(0x9999, count(0));
        out(0x43, 0x35);
        out(0x40, 0);
        out(0x40, 0);
        alarms.advance(2);
        assertEquals(0x9999, count(0), "0 is ten thousand");
        alarms.advance(9_999);
        assertEquals(0x0000, count(0));
    }

    @ParameterizedTest
    @CsvSource({"0x10,0x34,0x34", "0x20,0x12,0x12"})
    void shouldAccessSingleBytes(String access, String written, String read) {
        out(0x43, Integer.decode(access) | 4);
        out(0x40, Integer.decode(written));
        alarms.advance(1);
        assertEquals(Integer.decode(read), in(0x40));
        assertEquals(Integer.decode(read), in(0x40));
    }

    @Test
    void shouldHoldLatchedCountsUntilBothBytesAreRead() {
        program(0, 2, 0x1234);
        alarms.advance(1);
        out(0x43, 0x00);
        alarms.advance(100);
        out(0x43, 0x00);
        assertEquals(0x34, in(0x40));
        alarms.advance(100);
        assertEquals(0x12, in(0x40));
        assertEquals((0x1234 - 200) & 0xff, in(0x40));
        assertEquals((0x1234 - 200) >> 8, in(0x40));
    }

    @Test
    void shouldReadBackStatusThenCount() {
        program(0, 3, 0x1000);
        out(0x43, 0x70);
        alarms.advance(0x801);
        out(0x43, 0xc6);
        assertEquals(0x36, in(0x40));
        assertEquals(0x00, in(0x40));
        assertEquals(0x10, in(0x40));
        assertEquals(0x70, in(0x41), "programmed, but no count: output low, null count");
    }

    @Test
    void shouldShowModesAsWritten() {
        program(0, 6, 10);
        alarms.advance(1);
        assertEquals(0x3c, status(0) & 0x3f);
        program(0, 7, 10);
        assertEquals(0x3e, status(0) & 0x3f);
    }

    @Test
    void shouldInterruptPeriodically() {
        program(0, 2, 11_932);
        int before = irq0.rises;
        alarms.advance(1 + 11_932L * 100 - 1);
        assertEquals(before + 99, irq0.rises);
        alarms.advance(1);
        assertEquals(before + 100, irq0.rises);
        assertTrue(irq0.level);
    }

    @Test
    void shouldInterruptWithASquareWave() {
        program(0, 3, 1000);
        int before = irq0.rises;
        alarms.advance(1 + 500);
        assertFalse(irq0.level);
        alarms.advance(499);
        assertFalse(irq0.level);
        alarms.advance(1);
        assertTrue(irq0.level);
        assertEquals(before + 1, irq0.rises);
        alarms.advance(1_000_000);
        assertEquals(before + 1001, irq0.rises);
    }

    @Test
    void shouldInterruptOnceAtTerminalCount() {
        program(0, 0, 500);
        assertFalse(irq0.level);
        alarms.advance(500);
        assertFalse(irq0.level);
        alarms.advance(1);
        assertTrue(irq0.level);
        assertEquals(1, irq0.rises);
        alarms.advance(1_000_000);
        assertEquals(1, irq0.rises);
        assertEquals(0, alarms.pending());
    }

    @Test
    void shouldInterruptByStrobe() {
        program(0, 4, 500);
        int before = irq0.rises;
        alarms.advance(502);
        assertEquals(before + 1, irq0.rises);
        assertTrue(irq0.level);
        alarms.advance(200_000);
        assertEquals(before + 1, irq0.rises);
    }

    @Test
    void shouldMergeInterruptsThatAlarmsComeTooLateFor() {
        program(0, 2, 1000);
        int before = irq0.rises;
        alarms.stallTo(10_500);
        alarms.advance(0);
        assertEquals(before + 1, irq0.rises);
        alarms.advance(501);
        assertEquals(before + 2, irq0.rises);
    }

    @ParameterizedTest
    @CsvSource({"2,2", "3,2", "3,3", "2,5"})
    void shouldNotLetAlarmsFollowAbsurdRates(int mode, int count) {
        program(0, mode, count);
        int before = irq0.calls;
        alarms.advance(12_000);
        int calls = irq0.calls - before;
        assertTrue(calls > 900 && calls <= 2100, () -> calls + " calls");
    }

    @Test
    void shouldShowGateSpeakerOutputAndRefreshInSystemControlPort() {
        out(0x61, 0xff);
        assertEquals(0x0f, in(0x61) & 0xcf);
        program(2, 0, 100);
        assertEquals(0, in(0x61) & 0x20);
        alarms.advance(101);
        assertEquals(0x20, in(0x61) & 0x20);
        int refresh = in(0x61) & 0x10;
        alarms.advance(18);
        assertEquals(0x10, (in(0x61) & 0x10) ^ refresh);
        out(0x61, 0x02);
        assertEquals(0x02, in(0x61) & 0x0f);
    }

    @Test
    void shouldFallSilentOnReset() {
        program(0, 2, 1000);
        out(0x61, 3);
        pit.reset();
        assertFalse(irq0.level);
        assertEquals(0, in(0x61) & 0xef);
        int before = irq0.calls;
        alarms.advance(100_000);
        assertEquals(before, irq0.calls);
        out(0x61, 0);
        assertFalse(irq0.level);
    }

    @Test
    void shouldReadAllOnesWhereNothingIsReadable() {
        assertEquals(0xff, in(0x43));
    }
}
