package portcullis.machine.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.machine.MemoryMap;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortBus;

class PciHostTest {
    private static final int SLOT = 3;
    private static final int MEM32 = 0x10;
    private static final int MEM64 = 0x14;
    private static final int PORTS = 0x1C;

    private final PortBus ports = new PortBus();
    private final MmioBus memory = new MmioBus();
    private final boolean[] pins = new boolean[PciInterrupts.WIRES];
    private final boolean[] irqs = new boolean[PciInterrupts.PIC_IRQS];
    private int resets;
    private PciHost host;
    private Device device;

    /** Answers its windows with a letter for the BAR and the offset. */
    private static final class Device extends PciFunction {
        private final List<String> writes = new ArrayList<>();

        Device() {
            super(new PciIdentity(0x1234, 0x5678, 2, 0x018000, 0x1AF4, 0x42));
            addBar(new PciBar(0, PciBar.Kind.MEMORY_32, 0x1000, window("a")));
            addBar(new PciBar(1, PciBar.Kind.MEMORY_64, 0x4000, window("b")));
            addBar(new PciBar(3, PciBar.Kind.PORTS, 0x20, window("c")));
            addCapability(0x09, new byte[] {4, 1, 2}, new byte[] {0, 0, (byte) 0xff});
            usePin(0);
        }

        private MmioDevice window(String name) {
            return new MmioDevice() {
                @Override
                public long read(long offset, int size) {
                    return (long) name.charAt(0) << 16 | offset;
                }

                @Override
                public void write(long offset, int size, long value) {
                    writes.add("%s+%x=%x".formatted(name, offset, value));
                }
            };
        }

        void interrupt(boolean asserted) {
            setInterrupt(asserted);
        }
    }

    private static List<InterruptLine> lines(boolean[] state) {
        List<InterruptLine> lines = new ArrayList<>();
        for (int i = 0; i < state.length; i++) {
            int index = i;
            lines.add(asserted -> state[index] = asserted);
        }
        return lines;
    }

    @BeforeEach
    void makeHost() {
        host = new PciHost(ports, memory, new PciInterrupts(lines(pins), lines(irqs)), () -> resets++);
        device = new Device();
        host.add(SLOT, 0, device);
    }

    private static int address(int slot, int register) {
        return 1 << 31 | slot << 11 | register & 0xfc;
    }

    private int config(int register, int size) {
        ports.write(0xCF8, 4, address(SLOT, register));
        return ports.read(0xCFC + (register & 3), size);
    }

    private void setConfig(int register, int size, int value) {
        ports.write(0xCF8, 4, address(SLOT, register));
        ports.write(0xCFC + (register & 3), size, value);
    }

    private static long ecam(int slot, int register) {
        return MemoryMap.ECAM + ((long) slot << 15) + register;
    }

    @ParameterizedTest
    @CsvSource({
        "0x00, 4, 0x56781234",
        "0x00, 2, 0x1234",
        "0x02, 2, 0x5678",
        "0x01, 1, 0x12",
        "0x08, 4, 0x01800002",
        "0x2C, 4, 0x00421AF4",
        "0x34, 1, 0x40",
        "0x3D, 1, 1",
        "0x06, 2, 0x10",
        "0x40, 2, 0x0009"
    })
    void shouldReadTheSameThroughBothMechanisms(String register, int size, String expected) {
        int at = Integer.decode(register);
        assertEquals(Integer.decode(expected), config(at, size) & (int) ((1L << 8 * size) - 1));
        assertEquals(Integer.decode(expected).longValue(), memory.read(ecam(SLOT, at), size));
    }

    @Test
    void shouldIntroduceHostBridge() {
        ports.write(0xCF8, 4, 1 << 31);
        assertEquals(0x0008_1B36, ports.read(0xCFC, 4));
        assertEquals(0x060000, memory.read(ecam(0, 8), 4) >>> 8);
    }

    @Test
    void shouldReadOnesWhereNobodyIs() {
        ports.write(0xCF8, 4, address(5, 0));
        assertEquals(-1, ports.read(0xCFC, 4));
        assertEquals(0xffff, ports.read(0xCFC, 2) & 0xffff);
        ports.write(0xCF8, 4, address(SLOT, 0) | 1 << 16);
        assertEquals(-1, ports.read(0xCFC, 4), "bus 1");
        assertEquals(0xffff_ffffL, memory.read(ecam(5, 0), 4));
        assertEquals(0xffff_ffffL, memory.read(ecam(SLOT, 0x100), 4), "no extended space");
        assertEquals(0xffff_ffffL, memory.read(MemoryMap.ECAM + (1 << 20), 4), "bus 1");
    }

    @Test
    void shouldTakeOnlyDoubleWordsAsAddress() {
        ports.write(0xCF8, 4, address(SLOT, 0) | 0x7f00_0003);
        assertEquals(address(SLOT, 0), ports.read(0xCF8, 4));
        ports.write(0xCF8, 2, 0);
        ports.write(0xCFB, 1, 0);
        assertEquals(address(SLOT, 0), ports.read(0xCF8, 4));
        assertEquals(0xff, ports.read(0xCF8, 1) & 0xff);
    }

    @Test
    void shouldNotAnswerWhileAddressIsDisabled() {
        ports.write(0xCF8, 4, address(SLOT, 0) & 0x7fff_ffff);
        assertEquals(-1, ports.read(0xCFC, 4));
    }

    @Test
    void shouldCutAccessesThatLeaveTheDataRegister() {
        ports.write(0xCF8, 4, address(SLOT, 0));
        assertEquals(0xffff_5678, ports.read(0xCFE, 4));
    }

    @Test
    void shouldResetThroughTheRegisterBetween() {
        ports.write(0xCF9, 1, 2);
        assertEquals(0, resets);
        ports.write(0xCF9, 1, 6);
        ports.write(0xCF9, 1, 6);
        assertEquals(1, resets);
        assertEquals(6, ports.read(0xCF9, 1));
    }

    @ParameterizedTest
    @CsvSource({
        "0x10, 0xFFFFF000",
        "0x14, 0xFFFFC004",
        "0x18, 0xFFFFFFFF",
        "0x1C, 0x0000FFE1",
        "0x20, 0",
        "0x24, 0",
        "0x30, 0"
    })
    void shouldTellBarSizes(String register, String expected) {
        int at = Integer.decode(register);
        setConfig(at, 4, -1);
        assertEquals(Long.decode(expected), Integer.toUnsignedLong(config(at, 4)));
        setConfig(at, 4, 0);
        assertEquals(Long.decode(expected) & 0xf & (at < 0x20 && at != 0x18 ? -1 : 0), config(at, 4));
    }

    @Test
    void shouldKeepReadOnlyBits() {
        setConfig(0, 4, -1);
        assertEquals(0x5678_1234, config(0, 4));
        setConfig(4, 4, -1);
        assertEquals(0x0010_0547, config(4, 4));
        setConfig(0x40, 4, -1);
        assertEquals(0x01_04_00_09, config(0x40, 4), "first bytes of a capability");
        setConfig(0x44, 1, 0x5A);
        assertEquals(0x5A, config(0x44, 1) & 0xff);
        setConfig(0x3C, 2, 0x0707);
        assertEquals(0x0107, config(0x3C, 2));
    }

    @Test
    void shouldDecodeOnlyWhenCommandAllows() {
        setConfig(MEM32, 4, 0xC000_0000);
        setConfig(MEM64, 4, 0xC001_0000);
        setConfig(PORTS, 4, 0xC000);
        assertEquals(-1, memory.read(0xC000_0010L, 4));
        setConfig(4, 2, 2);
        assertEquals('a' << 16 | 0x10, memory.read(0xC000_0010L, 4));
        assertEquals('b' << 16 | 0x3ff0, memory.read(0xC001_3FF0L, 4));
        assertEquals(-1, ports.read(0xC004, 4));
        setConfig(4, 2, 1);
        assertEquals(-1, memory.read(0xC000_0010L, 4));
        assertEquals('c' << 16 | 4, ports.read(0xC004, 4));
        ports.write(0xC01F, 1, 0x80);
        assertEquals(List.of("c+1f=80"), device.writes);
        setConfig(4, 2, 0);
        assertEquals(-1, ports.read(0xC004, 4));
    }

    @Test
    void shouldMoveWindowsAndSwapThem() {
        setConfig(4, 2, 2);
        setConfig(MEM32, 4, 0xC000_0000);
        setConfig(MEM64, 4, 0xC000_4000);
        setConfig(MEM32, 4, 0xC000_8000);
        assertEquals(-1, memory.read(0xC000_0000L, 4));
        assertEquals('a' << 16, memory.read(0xC000_8000L, 4));
        // Over the other one: stays away until there is room.
        setConfig(MEM32, 4, 0xC000_4000);
        assertEquals('b' << 16, memory.read(0xC000_4000L, 4));
        assertEquals(-1, memory.read(0xC000_8000L, 4));
        setConfig(MEM64, 4, 0xC000_8000);
        assertEquals('a' << 16, memory.read(0xC000_4000L, 4));
        assertEquals('b' << 16, memory.read(0xC000_8000L, 4));
    }

    @Test
    void shouldMove64BitWindowAbove4Gib() {
        setConfig(MEM64, 4, 0x4000);
        setConfig(MEM64 + 4, 4, 0x12);
        setConfig(4, 2, 2);
        assertEquals('b' << 16 | 8, memory.read(0x12_0000_4008L, 8));
    }

    @Test
    void shouldNotBreakOverImpossibleAddresses() {
        setConfig(4, 2, 3);
        setConfig(MEM64 + 4, 4, 0x7fff_ffff);
        setConfig(MEM64, 4, -1);
        setConfig(MEM64 + 4, 4, -1);
        setConfig(MEM32, 4, (int) MemoryMap.ECAM);
        setConfig(PORTS, 4, 0xCE0);
        assertEquals(0x5678_1234L, memory.read(ecam(SLOT, 0), 4), "ECAM is still there");
        assertEquals(0x5678_1234, config(0, 4));
    }

    @Test
    void shouldAssignEverythingDisjointly() {
        Device other = new Device();
        host.add(4, 0, other);
        PciSetup.assign(host);
        assertEquals(3, config(4, 2) & 0xffff);
        long at32 = config(MEM32, 4) & 0xffff_fff0L;
        long at64 = config(MEM64, 4) & 0xffff_fff0L;
        int atPorts = config(PORTS, 4) & 0xfffc;
        assertTrue(at32 >= MemoryMap.PCI32_WINDOW && at32 < MemoryMap.ECAM);
        assertEquals('a' << 16, memory.read(at32, 4));
        assertEquals('b' << 16, memory.read(at64, 4));
        assertEquals('c' << 16, ports.read(atPorts, 4));
        assertTrue(atPorts >= 0xC000);
        memory.write(at64 + 4, 4, 7);
        assertEquals(List.of("b+4=7"), device.writes);
        assertEquals(PciInterrupts.picIrq(SLOT, 0), config(0x3C, 1) & 0xff);
        host.reset();
        assertEquals(-1, memory.read(at32, 4));
        PciSetup.assign(host);
        assertEquals('a' << 16, memory.read(at32, 4));
    }

    @Test
    void shouldRefuseWhatDoesNotFitTheWindow() {
        for (int slot = 4; slot < 9; slot++) {
            host.add(slot, 0, new PciFunction(new PciIdentity(1, 2, 0, 0, 0, 0)) {
                {
                    addBar(new PciBar(0, PciBar.Kind.MEMORY_32, 128 << 20, device.window("x")));
                }
            });
        }
        assertThrows(IllegalStateException.class, () -> PciSetup.assign(host));
    }

    @Test
    void shouldMarkSlotsOfSeveralFunctions() {
        assertEquals(0, config(0x0E, 1) & 0xff);
        host.add(SLOT, 1, new Device());
        assertEquals(0x80, config(0x0E, 1) & 0xff);
        assertThrows(IllegalArgumentException.class, () -> host.add(SLOT, 1, new Device()));
        assertThrows(IllegalArgumentException.class, () -> host.add(32, 0, new Device()));
    }

    @Test
    void shouldShareInterruptWires() {
        Device other = new Device();
        host.add(SLOT + 8, 0, other);
        int wire = PciInterrupts.gsi(SLOT, 0) - 16;
        int irq = PciInterrupts.picIrq(SLOT, 0) - 10;
        device.interrupt(true);
        other.interrupt(true);
        assertTrue(pins[wire] && irqs[irq]);
        device.interrupt(false);
        assertTrue(pins[wire] && irqs[irq], "the other still asserts");
        other.interrupt(false);
        assertFalse(pins[wire] || irqs[irq]);
    }

    @Test
    void shouldSilencePinByCommand() {
        device.interrupt(true);
        int wire = PciInterrupts.gsi(SLOT, 0) - 16;
        setConfig(4, 2, 1 << 10);
        assertFalse(pins[wire]);
        assertEquals(8, config(6, 2) & 8, "status still shows it");
        setConfig(4, 2, 0);
        assertTrue(pins[wire]);
        host.reset();
        assertFalse(pins[wire]);
    }

    @Test
    void shouldSurviveRandomAccesses() {
        Random random = new Random(2);
        long[] anchors = {MemoryMap.ECAM, ecam(SLOT, 0), ecam(SLOT, 4), 0xC000_0000L};
        for (int i = 0; i < 50_000; i++) {
            int size = 1 << random.nextInt(3);
            int port = 0xCF8 + random.nextInt(8);
            long gpa = anchors[random.nextInt(anchors.length)] + random.nextInt(256);
            int value = random.nextBoolean() ? random.nextInt() : address(SLOT, random.nextInt(256));
            switch (random.nextInt(4)) {
                case 0 -> ports.read(port, size);
                case 1 -> ports.write(port, size, value);
                case 2 -> memory.read(gpa, size << random.nextInt(2));
                default -> memory.write(gpa, size << random.nextInt(2), value * 0x1_0001_0001L);
            }
        }
        assertEquals(0x5678_1234, config(0, 4));
        host.reset();
        assertEquals(0x0010_0000, config(4, 4));
    }
}
