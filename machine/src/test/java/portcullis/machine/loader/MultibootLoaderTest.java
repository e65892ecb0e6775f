package portcullis.machine.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.Register;
import portcullis.machine.MemoryMap;
import portcullis.memory.GuestMemory;

class MultibootLoaderTest {
    private static final long RAM = 64L << 20;
    private final GuestMemory memory = SyntheticKernels.memory(RAM);

    @AfterEach
    void close() {
        memory.close();
    }

    private EntryState load(byte[] kernel, String append, byte[]... modules) throws LoadException {
        return KernelLoader.load(
                SyntheticKernels.request(memory, RAM, kernel, append, modules), KernelLoader.Format.MULTIBOOT);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldEnterElfIn32BitProtectedModeWithTheMagic(boolean wide) throws LoadException {
        EntryState state = load(SyntheticKernels.multibootElf(wide), "");
        assertEquals(0x10000cL, state.registers().get(Register.RIP));
        assertEquals(0x2badb002L, state.registers().get(Register.RAX));
        assertEquals(0x11L, state.registers().get(Register.CR0));
        assertEquals((short) 0xc0de, memory.getShort(0x10000c));
    }

    @Test
    void shouldZeroWhatTheFileDoesNotFill() throws LoadException {
        memory.fill(0x100000, 16384, (byte) 0x55);
        load(SyntheticKernels.multibootElf(false), "");
        assertEquals(0, memory.getByte(0x100000 + 64));
        assertEquals(0, memory.getByte(0x100000 + 8191));
        assertEquals(0x55, memory.getByte(0x100000 + 8192));
    }

    @Test
    void shouldLoadByTheAddressesInTheHeader() throws LoadException {
        EntryState state = load(SyntheticKernels.multibootFlat(), "");
        assertEquals(0x100040L, state.registers().get(Register.RIP));
        assertEquals((short) 0xc0de, memory.getShort(0x100040));
    }

    @Test
    void shouldGiveNameAndWordsMemoryMapAndModules() throws LoadException {
        long info = load(SyntheticKernels.multibootElf(false), "one two", new byte[] {1}, new byte[5000])
                .registers()
                .get(Register.RBX);
        int flags = memory.getInt(info);
        assertEquals(0x24f, flags);
        assertEquals(639, memory.getInt(info + 4));
        assertEquals((RAM >> 10) - 1024, memory.getInt(info + 8));
        assertEquals("kernel one two", SyntheticKernels.string(memory, memory.getInt(info + 16)));
        assertEquals("portcullis", SyntheticKernels.string(memory, memory.getInt(info + 64)));
        assertEquals(2, memory.getInt(info + 20));
        long list = memory.getInt(info + 24);
        assertEquals(0x102000, memory.getInt(list));
        assertEquals(0x102001, memory.getInt(list + 4));
        assertEquals(0x103000, memory.getInt(list + 16));
        assertEquals("module with words", SyntheticKernels.string(memory, memory.getInt(list + 8)));
        List<MemoryMap.Entry> map = MemoryMap.e820(RAM);
        assertEquals(24 * map.size(), memory.getInt(info + 44));
        long at = memory.getInt(info + 48);
        for (MemoryMap.Entry entry : map) {
            assertEquals(20, memory.getInt(at));
            assertEquals(entry.gpa(), memory.getLong(at + 4));
            assertEquals(entry.size(), memory.getLong(at + 12));
            assertEquals(entry.type().number(), memory.getInt(at + 20));
            at += 24;
        }
    }

    @Test
    void shouldGiveAnEmptyModuleListWithoutModules() throws LoadException {
        long info = load(SyntheticKernels.multibootElf(false), "").registers().get(Register.RBX);
        assertEquals("kernel", SyntheticKernels.string(memory, memory.getInt(info + 16)));
        assertEquals(0, memory.getInt(info + 20));
        assertTrue(info < MemoryMap.EBDA && info >= 0x1000);
    }
}
