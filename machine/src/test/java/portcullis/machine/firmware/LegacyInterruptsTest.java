package portcullis.machine.firmware;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.bus.PortBus;
import portcullis.machine.interrupt.Pic8259Pair;
import portcullis.memory.GuestMemory;

class LegacyInterruptsTest {
    private final PortBus ports = new PortBus();
    private final Pic8259Pair controllers = new Pic8259Pair(asserted -> {});

    @ParameterizedTest
    @CsvSource({
        "0x00, cf",
        "0x08, 50b020e62058cf",
        "0x0f, 50b020e62058cf",
        "0x10, cf",
        "0x77, 50b020e6a0e62058cf",
        "0xff, cf"
    })
    void shouldEndEachInterruptAsItsControllerNeeds(String vector, String code) {
        try (GuestMemory memory = new GuestMemory(40)) {
            memory.addRam(0, 1 << 20);
            LegacyInterrupts.prepare(memory, ports);
            byte[] entry = read(memory, Integer.decode(vector) * 4, 4);
            int offset = entry[0] & 0xff | (entry[1] & 0xff) << 8;
            int segment = entry[2] & 0xff | (entry[3] & 0xff) << 8;
            byte[] expected = HexFormat.of().parseHex(code);
            assertArrayEquals(expected, read(memory, segment * 16 + offset, expected.length));
        }
    }

    @Test
    void shouldLetOnlyTheTimerThrough() {
        controllers.attach(ports);
        try (GuestMemory memory = new GuestMemory(40)) {
            memory.addRam(0, 1 << 20);
            LegacyInterrupts.prepare(memory, ports);
        }
        for (int irq = 15; irq >= 0; irq--) {
            if (irq != 2) {
                controllers.line(irq).set(true);
                assertEquals(irq == 0, controllers.pending(), "IRQ " + irq);
            }
        }
        assertEquals(8, controllers.acknowledge());
    }

    private static byte[] read(GuestMemory memory, long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.read(gpa, bytes, 0, length);
        return bytes;
    }
}
