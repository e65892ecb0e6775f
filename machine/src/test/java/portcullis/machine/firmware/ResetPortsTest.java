package portcullis.machine.firmware;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.bus.PortBus;

class ResetPortsTest {
    private final AtomicInteger resets = new AtomicInteger();
    private final PortBus bus = new PortBus();
    private final ResetPorts device = new ResetPorts(resets::incrementAndGet);

    ResetPortsTest() {
        device.attach(bus);
    }

    private int in(int port) {
        return bus.read(port, 1);
    }

    private void out(int port, int value) {
        bus.write(port, 1, value);
    }

    /** Sends a command, with data where there is any. @return the answer, or -1 */
    private int command(int command, int... data) {
        assertEquals(0, in(0x64) & 0x02, "input buffer is always empty");
        out(0x64, command);
        for (int value : data) {
            out(0x60, value);
        }
        return (in(0x64) & 0x01) == 0 ? -1 : in(0x60);
    }

    @ParameterizedTest
    @CsvSource({"0xfe,1", "0xf0,1", "0xff,0", "0xfd,0", "0xaa,0"})
    void shouldResetWhereTheResetLineIsPulsed(String command, int expected) {
        out(0x64, Integer.decode(command));
        assertEquals(expected, resets.get());
    }

    @ParameterizedTest
    @CsvSource({"0xdc,1", "0xdd,0", "0x03,0", "0x02,1"})
    void shouldResetByTheOutputPort(String value, int expected) {
        out(0x64, 0xd1);
        out(0x60, Integer.decode(value));
        assertEquals(expected, resets.get());
    }

    @Test
    void shouldResetOnceByFastReset() {
        assertEquals(0x02, in(0x92));
        out(0x92, 0x00);
        assertEquals(0x02, in(0x92), "address line 20 stays on");
        out(0x92, 0x01);
        out(0x92, 0x03);
        assertEquals(1, resets.get());
        out(0x92, 0x02);
        out(0x92, 0x03);
        assertEquals(2, resets.get());
        device.reset();
        assertEquals(0x02, in(0x92));
    }

    @ParameterizedTest
    @CsvSource({
        "0xaa,0x55",
        "0xab,0x00",
        "0xa9,0x01",
        "0xa4,0xf1",
        "0xc0,0x80",
        "0xd0,0x03",
        "0x20,0x74",
        "0xa8,-1",
        "0x8f,-1"
    })
    void shouldAnswerCommandsAtOnce(String command, String answer) {
        assertEquals(Integer.decode(answer), command(Integer.decode(command)));
        assertEquals(0, in(0x64) & 0x01);
    }

    @Test
    void shouldKeepTheCommandByte() {
        command(0x60, 0x47);
        assertEquals(0x47, command(0x20));
        command(0xad);
        assertEquals(0x57, command(0x20));
        command(0xae);
        assertEquals(0x47, command(0x20));
        command(0x7f, 0x12);
        assertEquals(0x12, command(0x3f));
    }

    @Test
    void shouldLookLikeAControllerWithoutMouse() {
        // Linux's probe: loop a byte through the mouse port; what comes back lacks the mouse's mark in bit 5.
        out(0x64, 0xd3);
        out(0x60, 0x5a);
        assertEquals(0x01, in(0x64) & 0x21);
        out(0x64, 0xa9);
        assertEquals(0x01, in(0x60), "and the interface test fails");
    }

    @ParameterizedTest
    @ValueSource(ints = {0xf2, 0xff, 0xed})
    void shouldLookLikeAControllerWithoutKeyboard(int toKeyboard) {
        out(0x60, toKeyboard);
        assertEquals(0x41, in(0x64) & 0x41);
        assertEquals(0xfe, in(0x60));
        assertEquals(0x00, in(0x64) & 0x41);
        assertEquals(0xfe, command(0xd4, toKeyboard));
    }

    @Test
    void shouldTellCommandsFromData() {
        assertEquals(0x1c, in(0x64));
        out(0x60, 0xf4);
        assertEquals(0x14, in(0x64) & 0x3e);
        out(0x64, 0xae);
        assertEquals(0x1c, in(0x64) & 0x3e);
    }
}
