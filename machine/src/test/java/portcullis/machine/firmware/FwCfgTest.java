package portcullis.machine.firmware;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.machine.bus.PortBus;
import portcullis.memory.GuestMemory;

class FwCfgTest {
    private static final long RAM = 0x10_0000;
    private static final int RAM_SIZE = 0x1_0000;
    private static final long ROM = 0x20_0000;
    private static final long DESCRIPTOR = RAM + 0x100;
    private static final long BUFFER = RAM + 0x1000;

    private final GuestMemory memory = new GuestMemory(32);
    private final PortBus bus = new PortBus();
    private final FwCfg device = new FwCfg(memory);

    FwCfgTest() {
        memory.addRam(RAM, RAM_SIZE);
        memory.addRom(ROM, 0x1000, new byte[0]);
        device.attach(bus);
    }

    @AfterEach
    void release() {
        memory.close();
    }

    private byte[] read(int item, int length) {
        bus.write(0x510, 2, item);
        return readOn(length);
    }

    private byte[] readOn(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) bus.read(0x511, 1);
        }
        return bytes;
    }

    private long number(int item, int size) {
        long value = 0;
        byte[] bytes = read(item, size);
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | bytes[i] & 0xff;
        }
        return value;
    }

    /** Runs a DMA operation. @return the control field afterwards */
    private int dma(int control, int length, long address) {
        byte[] descriptor = ByteBuffer.allocate(16)
                .putInt(control)
                .putInt(length)
                .putLong(address)
                .array();
        memory.write(DESCRIPTOR, descriptor, 0, 16);
        bus.write(0x514, 4, 0);
        bus.write(0x518, 4, Integer.reverseBytes((int) DESCRIPTOR));
        return Integer.reverseBytes(memory.getInt(DESCRIPTOR));
    }

    private String text(long gpa, int length) {
        byte[] bytes = new byte[length];
        memory.read(gpa, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldBeDetectable() {
        assertArrayEquals("QEMU".getBytes(StandardCharsets.US_ASCII), readOn(4));
        assertEquals(3, number(FwCfg.FEATURES, 4));
        assertEquals(
                "QEMU CFG",
                new String(
                        ByteBuffer.allocate(8)
                                .putInt(Integer.reverseBytes(bus.read(0x514, 4)))
                                .putInt(Integer.reverseBytes(bus.read(0x518, 4)))
                                .array(),
                        StandardCharsets.US_ASCII));
    }

    @Test
    void shouldShowNumbersInLittleEndianOrderAndZerosBeyond() {
        device.putShort(FwCfg.CPU_COUNT, 0x0104);
        device.putInt(FwCfg.KERNEL_ADDRESS, 0x0010_0000);
        device.putLong(FwCfg.RAM_SIZE, 0x1_2000_0000L);
        assertEquals(0x0104, number(FwCfg.CPU_COUNT, 8));
        assertEquals(0x0010_0000, number(FwCfg.KERNEL_ADDRESS, 4));
        assertEquals(0x1_2000_0000L, number(FwCfg.RAM_SIZE, 8));
        assertEquals(0, number(0x3fff, 4), "an item that is not there");
    }

    @Test
    void shouldIgnoreTheWriteBitAndTellArchitecturesApart() {
        device.put(0x8003, new byte[] {7});
        assertEquals(7, number(0x8003, 1));
        assertEquals(7, number(0xc003, 1));
        assertEquals(0, number(0x0003, 1));
        bus.write(0x510, 2, 0x8003);
        bus.write(0x511, 1, 9);
        assertEquals(7, number(0x8003, 1));
    }

    @Test
    void shouldListFiles() {
        device.add("etc/e820", new byte[] {1, 2, 3});
        device.add("opt/org.example/answer", new byte[300]);
        device.add("etc/e820", new byte[] {4, 5, 6, 7});
        ByteBuffer directory = ByteBuffer.wrap(read(FwCfg.FILE_DIRECTORY, 4 + 2 * 64));
        assertEquals(2, directory.getInt());
        assertEquals(4, directory.getInt());
        int number = directory.getShort();
        assertEquals(0x20, number);
        assertEquals(0, directory.getShort());
        byte[] name = new byte[56];
        directory.get(name);
        assertArrayEquals(Arrays.copyOf("etc/e820".getBytes(StandardCharsets.US_ASCII), 56), name);
        assertEquals(300, directory.getInt());
        assertEquals(0x21, directory.getShort());
        assertArrayEquals(new byte[] {4, 5, 6, 7, 0}, read(number, 5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0123456789012345678901234567890123456789012345678901234x", "naïve"})
    void shouldRefuseNamesThatDoNotFit(String name) {
        assertThrows(IllegalArgumentException.class, () -> device.add(name, new byte[1]));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0x4000, 0x10000, 0xc003})
    void shouldRefuseNumbersThatCannotBeSelected(int number) {
        assertThrows(IllegalArgumentException.class, () -> device.put(number, new byte[1]));
    }

    @Test
    void shouldReadByDma() {
        device.putString(FwCfg.COMMAND_LINE_DATA, "console=ttyS0");
        memory.fill(BUFFER, 32, (byte) 'x');
        assertEquals(0, dma(FwCfg.COMMAND_LINE_DATA << 16 | 8 | 2, 7, BUFFER));
        assertEquals("consolex", text(BUFFER, 8));
        assertEquals(0, dma(4, 1, 0));
        assertEquals(0, dma(2, 16, BUFFER));
        assertEquals("ttyS0" + "\0".repeat(11) + "x", text(BUFFER, 17));
        assertEquals(0, dma(8, 0, 0));
        assertArrayEquals("QEMU".getBytes(StandardCharsets.US_ASCII), readOn(4));
    }

    @ParameterizedTest
    @CsvSource({
        "2,16,0x110000", // just beyond RAM
        "2,17,0x10fff0", // across its end
        "2,-1,0x100000", // all but endless
        "2,4,0x200000", // ROM
        "2,4,-8",
        "2,4,0x7fffffffffffffff",
        "16,4,0x101000", // items are read-only
    })
    void shouldReportTransfersThatCannotBeDone(int operation, int length, String address) {
        memory.fill(RAM, RAM_SIZE, (byte) 'x');
        assertEquals(1, dma(operation, length, Long.decode(address)));
        assertEquals("xxxx", text(BUFFER, 4));
    }

    @ParameterizedTest
    @CsvSource({"0x0,0x0", "0x200000,0", "0x10fff8,0", "0x100000,1", "0xffffffff,0xffffffff"})
    void shouldIgnoreDescriptorsThatAreNotInMemory(String low, String high) {
        bus.write(0x514, 4, Integer.reverseBytes(Long.decode(high).intValue()));
        bus.write(0x518, 4, Integer.reverseBytes(Long.decode(low).intValue()));
        assertArrayEquals("QEMU".getBytes(StandardCharsets.US_ASCII), readOn(4));
    }

    @Test
    void shouldNotComeRoundHoweverOftenItSkips() {
        for (int i = 0; i < 10; i++) {
            assertEquals(0, dma(4, -1, 0));
        }
        assertEquals(0, readOn(1)[0]);
        assertEquals(0, dma(2, 4, BUFFER));
    }
}
