package portcullis.machine.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

class LinuxLoaderTest {
    private static final long RAM = 64L << 20;
    private final GuestMemory memory = SyntheticKernels.memory(RAM);

    @AfterEach
    void close() {
        memory.close();
    }

    private EntryState load(byte[] kernel, String append, byte[]... initrd) throws LoadException {
        return KernelLoader.load(
                SyntheticKernels.request(memory, RAM, kernel, append, initrd), KernelLoader.Format.AUTO);
    }

    @Test
    void shouldEnterA64BitKernelInLongModeBehindItsFirstSector() throws LoadException {
        EntryState state = load(SyntheticKernels.bzImage(true), "");
        assertEquals(0x1000200L, state.registers().get(Register.RIP));
        assertEquals(0x80000011L, state.registers().get(Register.CR0));
        assertEquals(0x500L, state.registers().get(Register.EFER));
        assertTrue((state.segments().get(SegmentRegister.CS).attributes() & Segment.L) != 0);
        assertEquals((short) 0xc0de, memory.getShort(0x1000000));
    }

    @Test
    void shouldMapTheLow4GibToThemselves() throws LoadException {
        EntryState state = load(SyntheticKernels.bzImage(true), "");
        for (long address : new long[] {0, 0x1000200, 0x3fffffff, 0xfee00000L, 0xffffffffL}) {
            long pointers = memory.getLong(state.registers().get(Register.CR3)) & -4096;
            long directory = memory.getLong(pointers + 8 * (address >>> 30)) & -4096;
            long entry = memory.getLong(directory + 8 * (address >>> 21 & 511));
            assertEquals(address & -(2 << 20), entry & -(2 << 20));
            assertEquals(0x83, entry & 0xff);
        }
    }

    @Test
    void shouldEnterA32BitKernelInProtectedModeAtItsStart() throws LoadException {
        EntryState state = load(SyntheticKernels.bzImage(false), "");
        assertEquals(0x1000000L, state.registers().get(Register.RIP));
        assertEquals(0x11L, state.registers().get(Register.CR0));
        assertTrue((state.segments().get(SegmentRegister.CS).attributes() & Segment.DB) != 0);
    }

    @Test
    void shouldFillTheZeroPage() throws LoadException {
        EntryState state = load(SyntheticKernels.bzImage(true), "console=ttyS0 quiet", new byte[5000]);
        long page = state.registers().get(Register.RSI);
        assertEquals(0x53726448, memory.getInt(page + 0x202));
        assertEquals((byte) 0xff, memory.getByte(page + 0x210));
        assertEquals("console=ttyS0 quiet", SyntheticKernels.string(memory, memory.getInt(page + 0x228)));
        assertEquals(SyntheticKernels.RSDP, memory.getLong(page + 0x70));
        List<MemoryMap.Entry> map = MemoryMap.e820(RAM);
        assertEquals(map.size(), memory.getByte(page + 0x1e8));
        for (int i = 0; i < map.size(); i++) {
            assertEquals(map.get(i).gpa(), memory.getLong(page + 0x2d0 + 20 * i));
            assertEquals(map.get(i).size(), memory.getLong(page + 0x2d0 + 20 * i + 8));
            assertEquals(map.get(i).type().number(), memory.getInt(page + 0x2d0 + 20 * i + 16));
        }
    }

    @Test
    void shouldPlaceTheRamDiskAsHighAsTheKernelCanReach() throws LoadException {
        byte[] initrd = new byte[5000];
        initrd[4999] = 7;
        long page = load(SyntheticKernels.bzImage(true), "", initrd).registers().get(Register.RSI);
        long at = memory.getInt(page + 0x218);
        assertEquals(RAM - 8192, at);
        assertEquals(5000, memory.getInt(page + 0x21c));
        assertEquals(7, memory.getByte(at + 4999));
        byte[] lowOnly = SyntheticKernels.bzImage(true);
        java.nio.ByteBuffer.wrap(lowOnly)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putInt(0x22c, 0x2ffffff);
        page = load(lowOnly, "", initrd).registers().get(Register.RSI);
        assertEquals(0x3000000 - 8192, memory.getInt(page + 0x218));
    }

    @Test
    void shouldMoveARelocatableKernelUpWhereItsPlaceIsNoMemory() throws LoadException {
        long small = 8L << 20;
        try (GuestMemory little = SyntheticKernels.memory(small)) {
            byte[] kernel = SyntheticKernels.bzImage(true);
            kernel[0x258 + 2] = 0x0a;
            kernel[0x258 + 3] = 0;
            EntryState state =
                    KernelLoader.load(SyntheticKernels.request(little, small, kernel, ""), KernelLoader.Format.AUTO);
            assertEquals(0x200200L, state.registers().get(Register.RIP));
            kernel[0x234] = 0;
            LoadException problem = assertThrows(
                    LoadException.class,
                    () -> KernelLoader.load(
                            SyntheticKernels.request(little, small, kernel, ""), KernelLoader.Format.AUTO));
            assertTrue(problem.getMessage().contains("--memory"), problem.getMessage());
        }
    }

    /** It would move itself there. */
    @Test
    void shouldRefuseMemoryThatEndsBelowTheKernelsPlace() {
        long small = 18L << 20;
        try (GuestMemory little = SyntheticKernels.memory(small)) {
            LoadException problem = assertThrows(
                    LoadException.class,
                    () -> KernelLoader.load(
                            SyntheticKernels.request(little, small, SyntheticKernels.bzImage(true), ""),
                            KernelLoader.Format.AUTO));
            assertTrue(problem.getMessage().contains("3 MiB free above 0x1000000"), problem.getMessage());
        }
    }

    @Test
    void shouldEnterAnUncompressedKernelAtItsPhysicalEntry() throws LoadException {
        byte[] elf = SyntheticKernels.elf(
                true,
                0xffffffff81000004L,
                List.of(new SyntheticKernels.Segment(1, 0xffffffff81000000L, 0x1000000, new byte[16], 65536)));
        EntryState state = load(elf, "x");
        assertEquals(0x1000004L, state.registers().get(Register.RIP));
        long page = state.registers().get(Register.RSI);
        assertEquals(0x53726448, memory.getInt(page + 0x202));
    }

    @Test
    void shouldPutNothingOverTheKernel() throws LoadException {
        byte[] all = new byte[0x9f000 - 0x1000];
        byte[] elf = SyntheticKernels.elf(
                true, 0x1000, List.of(new SyntheticKernels.Segment(1, 0x1000, 0x1000, all, all.length)));
        EntryState state = load(elf, "words", new byte[100]);
        for (long at = 0x1000; at < 0x9f000; at += 8) {
            assertEquals(0, memory.getLong(at));
        }
        assertTrue(state.registers().get(Register.RSI) >= 0x9f000);
    }
}
