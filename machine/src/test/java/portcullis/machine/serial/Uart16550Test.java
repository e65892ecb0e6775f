package portcullis.machine.serial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.RecordingLine;
import portcullis.machine.timer.ManualAlarms;

class Uart16550Test {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private final ManualAlarms alarms = new ManualAlarms(1_000_000_000);
    private final RecordingLine line = new RecordingLine();
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final PortBus bus = new PortBus();
    private final Uart16550 uart = new Uart16550(Uart16550.COM1, alarms, line, output::write);

    Uart16550Test() {
        uart.attach(bus);
    }

    private int in(int register) {
        return bus.read(Uart16550.COM1 + register, 1);
    }

    private void out(int register, int value) {
        bus.write(Uart16550.COM1 + register, 1, value);
    }

    private void listen(int fifoControl, int interrupts) {
        out(FCR, fifoControl);
        out(MCR, 0x0b);
        out(IER, interrupts);
    }

    private void receive(String text) {
        for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
            assertTrue(uart.tryReceive(b));
        }
    }

    @Test
    void shouldSendBytesInOrder() {
        for (char c : "gate".toCharArray()) {
            out(DATA, c);
            assertEquals(0x60, in(LSR));
        }
        assertEquals("gate", output.toString(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource({"1,0x0f,0x0f", "1,0xff,0x0f", "3,0x3f,0x3f", "4,0xff,0x1f", "7,0xa5,0xa5", "5,0xff,0x60"})
    void shouldKeepOnlyTheBitsThatRegistersHave(int register, String written, String read) {
        out(register, Integer.decode(written));
        assertEquals(Integer.decode(read), in(register));
    }

    @Test
    void shouldKeepDivisorApartFromDataAndInterruptEnable() {
        out(IER, 0x05);
        out(LCR, 0x83);
        out(0, 0x34);
        out(1, 0x12);
        assertEquals(0x34, in(0));
        assertEquals(0x12, in(1));
        out(LCR, 0x03);
        assertEquals(0x05, in(IER));
        assertEquals(0, output.size());
    }

    @Test
    void shouldBreakWideAccessesIntoBytes() {
        bus.write(Uart16550.COM1 + SCR - 1, 2, 0xab00);
        assertEquals(0xab, in(SCR));
        assertEquals(0xabb0, bus.read(Uart16550.COM1 + MSR, 2));
    }

    @Test
    void shouldReportThrEmptyOnceWhenEnabledAndAfterEachByte() {
        out(MCR, 0x0b);
        assertEquals(0x01, in(IIR));
        out(IER, 0x02);
        assertTrue(line.level);
        assertEquals(0x02, in(IIR));
        assertFalse(line.level);
        assertEquals(0x01, in(IIR));
        out(DATA, 'a');
        out(DATA, 'b');
        assertEquals(3, line.rises, "each byte is an edge of its own");
        assertEquals(0x02, in(IIR));
        out(IER, 0);
        out(IER, 0x02);
        assertEquals(0x02, in(IIR));
    }

    @Test
    void shouldGateTheLineWithOut2() {
        out(IER, 0x02);
        assertFalse(line.level);
        out(MCR, 0x08);
        assertTrue(line.level);
        out(MCR, 0);
        assertFalse(line.level);
    }

    @ParameterizedTest
    @CsvSource({"0x01,1", "0x41,4", "0x81,8", "0xc1,14"})
    void shouldRaiseLineWhenFifoFillsToTheTrigger(String fifoControl, int trigger) {
        listen(Integer.decode(fifoControl), 0x01);
        receive("x".repeat(trigger - 1));
        assertFalse(line.level);
        receive("y");
        assertTrue(line.level);
        assertEquals(0xc4, in(IIR));
        in(DATA);
        assertFalse(line.level);
    }

    @Test
    void shouldReportTimeoutAfterFourCharacterTimes() {
        out(LCR, 0x83);
        out(0, 1); // 115200 baud
        out(1, 0);
        out(LCR, 0x03); // 8N1: 10 bits a character
        listen(0x81, 0x01);
        receive("ab");
        long fourCharacters = 4L * 10 * 1_000_000_000 / 115_200;
        alarms.advance(fourCharacters - 1);
        assertEquals(0xc1, in(IIR));
        receive("c");
        alarms.advance(fourCharacters - 1);
        assertEquals(0xc1, in(IIR), "a new character starts the time again");
        alarms.advance(3);
        assertTrue(line.level);
        assertEquals(0xcc, in(IIR));
        assertEquals('a', in(DATA));
        assertFalse(line.level, "reading ends the timeout");
        alarms.advance(fourCharacters + 2);
        assertEquals(0xcc, in(IIR));
    }

    @Test
    void shouldReceiveOneCharacterAtATimeWithoutFifos() {
        listen(0, 0x01);
        receive("ab");
        assertEquals(0x04, in(IIR));
        assertEquals(0x61, in(LSR));
        assertEquals('a', in(DATA));
        assertEquals(2, line.rises, "the second character is an edge of its own");
        assertEquals('b', in(DATA));
        assertEquals(0x60, in(LSR));
        assertEquals(0x01, in(IIR));
        assertFalse(line.level);
    }

    @Test
    void shouldHoldInputBackUntilTheGuestListens() {
        receive("early");
        out(FCR, 0x01);
        out(FCR, 0x07);
        assertEquals(0x60, in(LSR));
        out(MCR, 0x03);
        for (char c : "early".toCharArray()) {
            assertEquals(0x61, in(LSR));
            assertEquals(c, in(DATA));
        }
    }

    @Test
    void shouldDeliverToAGuestThatPollsLineStatus() {
        receive("k");
        assertEquals(0x60, in(LSR));
        assertEquals(0x61, in(LSR));
        assertEquals('k', in(DATA));
    }

    @Test
    void shouldNotDropWhatDoesNotFit() {
        int queued = 0;
        while (uart.tryReceive((byte) queued)) {
            queued++;
        }
        assertEquals(4096, queued);
        listen(0x01, 0);
        for (int i = 0; i < queued; i++) {
            assertEquals(i & 0xff, in(DATA));
        }
        assertEquals(0x60, in(LSR));
    }

    @Test
    void shouldBlockAHostThreadWhileTheQueueIsFull() {
        int total = 10_000;
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < total; i++) {
                    uart.receive((byte) i);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            listen(0x01, 0);
            for (int i = 0; i < total; i++) {
                while ((in(LSR) & 1) == 0) {
                    Thread.onSpinWait();
                }
                assertEquals(i & 0xff, in(DATA));
            }
            writer.join();
        });
    }

    @Test
    void shouldOverrunInLoopback() {
        listen(0x01, 0x04);
        out(MCR, 0x1b);
        for (int i = 0; i < 16; i++) {
            out(DATA, i);
        }
        assertEquals(0xc1, in(IIR));
        out(DATA, 16);
        assertEquals(0xc6, in(IIR));
        assertTrue(line.level);
        assertEquals(0x63, in(LSR));
        assertFalse(line.level);
        assertEquals(0x61, in(LSR));
        for (int i = 0; i < 16; i++) {
            assertEquals(i, in(DATA));
        }
        assertEquals(0, output.size());
    }

    @ParameterizedTest
    @CsvSource({"0x10,0x00", "0x11,0x20", "0x12,0x10", "0x14,0x40", "0x18,0x80", "0x1f,0xf0"})
    void shouldLoopModemOutputsToInputs(String modemControl, String inputs) {
        out(MCR, Integer.decode(modemControl));
        assertEquals(Integer.decode(inputs), in(MSR) & 0xf0);
    }

    @Test
    void shouldLatchModemStatusChangesUntilRead() {
        out(MCR, 0x1c); // OUT1, OUT2: CTS and DSR fall, RI rises
        assertEquals(0xc3, in(MSR));
        assertEquals(0xc0, in(MSR));
        out(MCR, 0x18);
        assertEquals(0x84, in(MSR), "the trailing edge of RI");
        out(IER, 0x08);
        assertFalse(line.level);
        out(MCR, 0x1a);
        assertTrue(line.level);
        assertEquals(0x00, in(IIR));
        assertEquals(0x91, in(MSR));
        assertFalse(line.level);
    }

    @Test
    void shouldShowBreakWhenItReachesTheTopOfTheFifo() {
        listen(0x01, 0x04);
        receive("a");
        assertTrue(uart.tryReceiveBreak());
        assertEquals(0xe1, in(LSR), "error somewhere in the FIFO");
        assertEquals('a', in(DATA));
        assertEquals(0xc6, in(IIR));
        assertEquals(0xf1, in(LSR));
        assertEquals(0x61, in(LSR));
        assertEquals(0, in(DATA));
    }

    @Test
    void shouldReportInterruptsByPriority() {
        listen(0x01, 0x0f);
        out(MCR, 0x1d);
        for (int i = 0; i < 17; i++) {
            out(DATA, i);
        }
        assertEquals(0xc6, in(IIR));
        in(LSR);
        assertEquals(0xc4, in(IIR));
        out(FCR, 0x03);
        assertEquals(0xc2, in(IIR));
        assertEquals(0xc0, in(IIR));
        in(MSR);
        assertEquals(0xc1, in(IIR));
    }

    @Test
    void shouldForgetRegistersButNotQueuedInputOnReset() {
        listen(0xc1, 0x0f);
        out(SCR, 0x77);
        receive("0123456789abcdefgh");
        uart.reset();
        assertFalse(line.level);
        assertEquals(0, in(SCR));
        assertEquals(0x01, in(IIR));
        assertEquals(0, in(IER));
        out(MCR, 0x02);
        assertEquals('g', in(DATA));
        assertEquals(0, alarms.pending());
    }
}
