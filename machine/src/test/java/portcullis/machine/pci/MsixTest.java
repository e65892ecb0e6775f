package portcullis.machine.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.PortBus;

class MsixTest {
    private static final int DEVICE = 1 << 3;
    private static final int COMMAND = 4;
    private static final int CONTROL = 0x42;
    private static final int ENABLE = 0x8000;
    private static final int FUNCTION_MASK = 0x4000;
    private static final int MEMORY_AND_MASTER = 6;

    private final List<String> messages = new ArrayList<>();
    private final Msix msix = new Msix(3, (address, data) -> messages.add("%x:%x".formatted(address, data)));
    private final MmioBus memory = new MmioBus();
    private final boolean[] pin = new boolean[1];
    private PciHost host;
    private Device device;
    private long bar;

    private static final class Device extends PciFunction {
        Device(Msix msix) {
            super(new PciIdentity(1, 2, 0, 0, 0, 0));
            addMsix(1, msix);
            usePin(0);
        }

        void interrupt() {
            setInterrupt(true);
        }
    }

    @BeforeEach
    void setUp() {
        List<InterruptLine> lines = new ArrayList<>(Collections.nCopies(8, asserted -> pin[0] = asserted));
        host = new PciHost(
                new PortBus(), memory, new PciInterrupts(lines, Collections.nCopies(2, asserted -> {})), () -> {});
        device = new Device(msix);
        host.add(1, 0, device);
        PciSetup.assign(host);
        host.write(DEVICE, COMMAND, 2, MEMORY_AND_MASTER);
        bar = host.read(DEVICE, 0x14, 4);
        for (int vector = 0; vector < 3; vector++) {
            memory.write(bar + 16 * vector, 8, 0xFEE0_1000L);
            memory.write(bar + 16 * vector + 8, 4, 0x40 + vector);
        }
    }

    private void unmask(int vector) {
        memory.write(bar + 16 * vector + 12, 4, 0);
    }

    private boolean pending(int vector) {
        return (memory.read(bar + msix.pendingOffset(), 8) >>> vector & 1) != 0;
    }

    @Test
    void shouldDescribeItselfInTheCapability() {
        assertEquals(0x11, host.read(DEVICE, 0x40, 1));
        assertEquals(2, host.read(DEVICE, CONTROL, 2), "vectors less one");
        assertEquals(1, host.read(DEVICE, 0x44, 4), "table in BAR 1 at 0");
        assertEquals(msix.pendingOffset() | 1, host.read(DEVICE, 0x48, 4));
        host.write(DEVICE, CONTROL, 2, 0xffff);
        assertEquals(0xC002, host.read(DEVICE, CONTROL, 2));
        assertEquals(1, memory.read(bar + 12, 4), "vectors start masked");
    }

    @Test
    void shouldStaySilentWhileOff() {
        unmask(0);
        msix.raise(0);
        assertEquals(List.of(), messages);
        assertFalse(pending(0));
    }

    @Test
    void shouldSendUnmaskedVectors() {
        host.write(DEVICE, CONTROL, 2, ENABLE);
        unmask(1);
        msix.raise(1);
        msix.raise(7);
        assertEquals(List.of("fee01000:41"), messages);
    }

    @Test
    void shouldKeepMaskedVectorsPendingUntilUnmasked() {
        host.write(DEVICE, CONTROL, 2, ENABLE);
        msix.raise(2);
        msix.raise(2);
        assertTrue(pending(2));
        assertEquals(List.of(), messages);
        unmask(2);
        assertEquals(List.of("fee01000:42"), messages);
        assertFalse(pending(2));
    }

    @Test
    void shouldKeepMessagesPendingWhileFunctionIsMasked() {
        host.write(DEVICE, CONTROL, 2, ENABLE | FUNCTION_MASK);
        unmask(0);
        unmask(1);
        msix.raise(1);
        msix.raise(0);
        assertEquals(List.of(), messages);
        host.write(DEVICE, CONTROL, 2, ENABLE);
        assertEquals(List.of("fee01000:40", "fee01000:41"), messages);
    }

    @Test
    void shouldWaitForBusMastering() {
        host.write(DEVICE, COMMAND, 2, 2);
        host.write(DEVICE, CONTROL, 2, ENABLE);
        unmask(0);
        msix.raise(0);
        assertEquals(List.of(), messages);
        host.write(DEVICE, COMMAND, 2, MEMORY_AND_MASTER);
        assertEquals(List.of("fee01000:40"), messages);
    }

    @Test
    void shouldSendNothingOutsideTheMessageWindow() {
        host.write(DEVICE, CONTROL, 2, ENABLE);
        memory.write(bar, 8, 0x1_FEE0_0000L);
        unmask(0);
        msix.raise(0);
        memory.write(bar, 8, 0x1000);
        msix.raise(0);
        assertEquals(List.of(), messages);
    }

    @Test
    void shouldTakeThePinsPlace() {
        device.interrupt();
        assertTrue(pin[0]);
        host.write(DEVICE, CONTROL, 2, ENABLE);
        assertFalse(pin[0]);
        host.write(DEVICE, CONTROL, 2, 0);
        assertTrue(pin[0]);
    }

    @Test
    void shouldSurviveAccessesAllOverItsWindow() {
        for (int offset = 0; offset < msix.size(); offset++) {
            for (int size = 1; size <= 8 && offset + size <= msix.size(); size <<= 1) {
                memory.write(bar + offset, size, -1);
                memory.read(bar + offset, size);
            }
        }
        assertEquals(1, memory.read(bar + 12, 4), "only the mask bit is there");
        assertEquals(0xffff_fffcL, memory.read(bar, 4));
        assertEquals(0, memory.read(bar + msix.pendingOffset(), 8), "pending bits are read-only");
    }
}
