package portcullis.machine.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

class PvhLoaderTest {
    private static final long RAM = 64L << 20;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldEnterWhereTheNoteSaysWithStartInfoInEbx(boolean wide) throws LoadException {
        try (GuestMemory memory = SyntheticKernels.memory(RAM)) {
            EntryState state = KernelLoader.load(
                    SyntheticKernels.request(memory, RAM, SyntheticKernels.pvhElf(wide), "words", new byte[] {1, 2, 3}),
                    KernelLoader.Format.AUTO);
            assertEquals(0x1000100L, state.registers().get(Register.RIP));
            assertEquals(0x11L, state.registers().get(Register.CR0));
            assertEquals(0x67, state.segments().get(SegmentRegister.TR).limit());
            long info = state.registers().get(Register.RBX);
            assertEquals(0x336ec578, memory.getInt(info));
            assertEquals(1, memory.getInt(info + 4));
            assertEquals(1, memory.getInt(info + 12));
            long module = memory.getLong(info + 16);
            assertEquals(3, memory.getLong(module + 8));
            assertEquals(3, memory.getByte(memory.getLong(module) + 2));
            assertEquals("module with words", SyntheticKernels.string(memory, memory.getLong(module + 16)));
            assertEquals("words", SyntheticKernels.string(memory, memory.getLong(info + 24)));
            assertEquals(SyntheticKernels.RSDP, memory.getLong(info + 32));
            assertEquals(MemoryMap.e820(RAM).size(), memory.getInt(info + 48));
            long map = memory.getLong(info + 40);
            assertEquals(0x100000, memory.getLong(map + 24 * 3));
            assertEquals(RAM - 0x100000, memory.getLong(map + 24 * 3 + 8));
        }
    }
}
