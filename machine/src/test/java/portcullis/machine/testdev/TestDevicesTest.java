package portcullis.machine.testdev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.RecordingLine;

class TestDevicesTest {
    private static final long WINDOW = PcTestDevice.WINDOW;

    private final PortBus ports = new PortBus();
    private final MmioBus mmio = new MmioBus();
    private final List<Integer> received = new ArrayList<>();
    private final List<RecordingLine> lines =
            Stream.generate(RecordingLine::new).limit(PcTestDevice.LINES).toList();
    private final PcTestDevice device = new PcTestDevice(List.copyOf(lines));

    TestDevicesTest() {
        device.attach(ports);
        device.attach(mmio);
        new DebugExit(received::add).attach(ports);
        new DebugConsole(received::add).attach(ports);
    }

    @ParameterizedTest
    @CsvSource({"0xf4,4,0,1", "0xf4,1,0x1ff,511", "0xf4,2,0x10031,99", "0xf7,4,3,7"})
    void shouldExitWithTheStatusThatGuestsExpect(String port, int size, String value, int status) {
        ports.write(Integer.decode(port), size, Integer.decode(value));
        assertEquals(List.of(status), received);
    }

    @Test
    void shouldPrintAndBeDetectable() {
        ports.write(0xe9, 1, 'o');
        ports.write(0xe9, 2, 'k');
        assertEquals(List.of((int) 'o', (int) 'k'), received);
        assertEquals(0xe9, ports.read(0xe9, 1));
    }

    @ParameterizedTest
    @CsvSource({
        "0xe0,4,0x11223344,0xe0,4,0x11223344",
        "0xe0,4,0x11223344,0xe1,1,0x33",
        "0xe0,4,0x11223344,0xe2,2,0x1122",
        "0xe0,4,0x11223344,0xe2,4,0x1122",
        "0xe0,2,0x1129999,0xe0,4,0x00009999",
        "0xe3,1,0x80,0xe0,4,-0x80000000",
        "0xe3,4,0x12345678,0xe0,4,0x78000000",
    })
    void shouldLatchWhatPortsAreWritten(
            String port, int size, String value, String readPort, int readSize, String read) {
        ports.write(Integer.decode(port), size, Integer.decode(value));
        assertEquals(Integer.decode(read), ports.read(Integer.decode(readPort), readSize));
    }

    @Test
    void shouldTakeFlushesWithoutEffect() {
        ports.write(0xe0, 4, 0x1234);
        ports.write(0xe4, 4, 0x0010_0000);
        assertEquals(0x1234, ports.read(0xe0, 4));
    }

    @Test
    void shouldDriveInterruptLines() {
        for (int i = 0; i < PcTestDevice.LINES; i++) {
            ports.write(0x2000 + i, 1, 2);
            assertTrue(lines.get(i).level);
            ports.write(0x2000 + i, 1, 0);
            assertFalse(lines.get(i).level);
            assertEquals(1, lines.get(i).rises);
        }
    }

    @Test
    void shouldDriveSuccessiveLinesByWiderWrites() {
        ports.write(0x200b, 4, 0x0100_0001);
        for (int i = 0; i < PcTestDevice.LINES; i++) {
            assertEquals(i == 11 || i == 14, lines.get(i).level, "line " + i);
        }
        ports.write(0x2000 + PcTestDevice.LINES - 1, 1, 1);
        ports.write(0x200b, 4, 0);
        assertFalse(lines.get(11).level);
        assertFalse(lines.get(14).level);
        assertTrue(lines.get(PcTestDevice.LINES - 1).level);
    }

    @Test
    void shouldInsistOnAllLines() {
        assertThrows(IllegalArgumentException.class, () -> new PcTestDevice(List.<InterruptLine>of()));
    }

    @ParameterizedTest
    @CsvSource({"0,8", "0xffc,4", "0xfff,2", "0xfff8,8", "7,1", "3,7"})
    void shouldRememberWhatTheWindowIsWritten(String at, int size) {
        long value = 0x8877_6655_4433_2211L;
        long address = WINDOW + Integer.decode(at);
        mmio.write(address, size, value);
        long kept = size == 8 ? value : value & (1L << 8 * size) - 1;
        assertEquals(kept, mmio.read(address, size));
        for (int i = 0; i < size; i++) {
            assertEquals(0x11 * (i + 1), mmio.read(address + i, 1));
        }
    }

    @Test
    void shouldCutAccessesAtTheWindowsEnd() {
        mmio.write(WINDOW + 0xfffe, 8, -1);
        mmio.write(WINDOW + 0xffff, 4, 0x7f);
        assertEquals(0xffff_7fffL, mmio.read(WINDOW + 0xfffe, 4));
        assertEquals(0, mmio.read(WINDOW, 8));
    }
}
