package portcullis.machine.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.engine.Register;
import portcullis.engine.SegmentRegister;
import portcullis.memory.GuestMemory;

class KernelLoaderTest {
    private static final long RAM = 32L << 20;

    private static EntryState load(byte[] kernel, KernelLoader.Format format, byte[]... modules) throws LoadException {
        try (GuestMemory memory = SyntheticKernels.memory(RAM)) {
            return KernelLoader.load(SyntheticKernels.request(memory, RAM, kernel, "", modules), format);
        }
    }

    private static byte[] patched(byte[] image, int at, int... bytes) {
        byte[] copy = image.clone();
        for (int i = 0; i < bytes.length; i++) {
            copy[at + i] = (byte) bytes[i];
        }
        return copy;
    }

    private static byte[] elf(boolean wide, long entry, long physical, int fileSize, long memorySize) {
        return SyntheticKernels.elf(
                wide,
                entry,
                List.of(new SyntheticKernels.Segment(1, physical, physical, new byte[fileSize], memorySize)));
    }

    static Stream<Arguments> unusable() {
        byte[] bz = SyntheticKernels.bzImage(true);
        byte[] elf = elf(true, 0x200000, 0x200000, 64, 64);
        byte[] multiboot = SyntheticKernels.multibootElf(false);
        byte[] flat = SyntheticKernels.multibootFlat();
        return Stream.of(
                Arguments.of(
                        "text", "just words, no kernel".getBytes(java.nio.charset.StandardCharsets.UTF_8), "no kernel"),
                Arguments.of("one byte", new byte[1], "no kernel"),
                Arguments.of("bzImage cut in the header", Arrays.copyOf(bz, 0x220), "truncated"),
                Arguments.of("bzImage cut in the payload", Arrays.copyOf(bz, bz.length - 500), "truncated"),
                Arguments.of("bzImage without payload", Arrays.copyOf(bz, 3 * 512), "truncated"),
                Arguments.of("bzImage that needs too much", patched(bz, 0x260, 0, 0, 0, 0x40), "--memory"),
                Arguments.of("old bzImage", patched(bz, 0x206, 0, 2), "too old"),
                Arguments.of("ELF cut in its header", Arrays.copyOf(elf, 30), "truncated"),
                Arguments.of("ELF cut in its program headers", Arrays.copyOf(elf, 80), "truncated"),
                Arguments.of("ELF cut in a segment", Arrays.copyOf(elf, elf.length - 1), "truncated"),
                Arguments.of("ELF for ARM", patched(elf, 18, 183), "another processor"),
                Arguments.of("ELF object", patched(elf, 16, 1), "no executable"),
                Arguments.of("ELF without segments", SyntheticKernels.elf(true, 0, List.of()), "nothing to load"),
                Arguments.of("ELF beyond memory", elf(true, 0x10000000, 0x10000000, 64, 64), "--memory"),
                Arguments.of("ELF into the video window", elf(true, 0xa0000, 0xa0000, 64, 64), "has devices"),
                Arguments.of("ELF into the device hole", elf(true, 0xfffff000L, 0xfffff000L, 64, 64), "has devices"),
                Arguments.of(
                        "program",
                        SyntheticKernels.elf(
                                true,
                                0x200000,
                                List.of(new SyntheticKernels.Segment(3, 0x200000, 0x200000, new byte[64], 64))),
                        "operating system"),
                Arguments.of("ELF over the ACPI tables", elf(true, 0xe0000, 0xe0000, 64, 64), "firmware tables"),
                Arguments.of("ELF that wraps", elf(true, 0x200000, 0x200000, 64, Long.MAX_VALUE), "--memory"),
                Arguments.of("ELF larger in file than in memory", elf(true, 0x200000, 0x200000, 64, 32), "damaged"),
                Arguments.of("ELF that starts nowhere", elf(true, 0x300000, 0x200000, 64, 64), "entry point"),
                Arguments.of("ELF32 without a protocol", elf(false, 0x200000, 0x200000, 64, 64), "bzImage instead"),
                Arguments.of(
                        "ELF over itself",
                        SyntheticKernels.elf(
                                true,
                                0x200000,
                                List.of(
                                        new SyntheticKernels.Segment(1, 0x200000, 0x200000, new byte[64], 64),
                                        new SyntheticKernels.Segment(1, 0x200000, 0x200010, new byte[64], 64))),
                        "over another part"),
                Arguments.of("multiboot in no ELF", SyntheticKernels.multibootContent(), "neither ELF"),
                Arguments.of("multiboot header cut off", Arrays.copyOf(flat, 40), "truncated"),
                Arguments.of("multiboot that ends before it begins", patched(flat, 36, 1, 0, 0, 0), "ends before"),
                Arguments.of("multiboot longer than its file", patched(flat, 36, 0, 2, 0x10, 0), "truncated"),
                Arguments.of("multiboot that starts nowhere", patched(flat, 44, 0, 0, 0, 0), "entry point"),
                Arguments.of("multiboot before its load address", patched(flat, 32, 0, 0, 0x20, 0), "before its load"),
                Arguments.of("multiboot cut off", Arrays.copyOf(multiboot, multiboot.length - 1), "truncated"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unusable")
    void shouldRefuseWithOneLineAndARemedy(String what, byte[] image, String expected) {
        LoadException problem = assertThrows(LoadException.class, () -> load(image, KernelLoader.Format.AUTO));
        assertTrue(problem.getMessage().contains(expected), problem.getMessage());
        assertTrue(problem.getMessage().contains("; "), problem.getMessage());
        assertFalse(problem.getMessage().contains("\n"));
    }

    @Test
    void shouldRefuseOtherFormatsWhereMultibootIsAskedFor() {
        LoadException problem = assertThrows(
                LoadException.class, () -> load(SyntheticKernels.bzImage(true), KernelLoader.Format.MULTIBOOT));
        assertTrue(problem.getMessage().contains("no multiboot kernel"), problem.getMessage());
    }

    @Test
    void shouldRefuseARamDiskThatDoesNotFit() {
        for (byte[] kernel : List.of(
                SyntheticKernels.bzImage(true), SyntheticKernels.multibootElf(false), SyntheticKernels.pvhElf(true))) {
            LoadException problem = assertThrows(
                    LoadException.class,
                    () -> load(kernel, KernelLoader.Format.AUTO, new byte[(int) RAM - SyntheticKernels.MIB]));
            assertTrue(problem.getMessage().contains("does not fit"), problem.getMessage());
        }
    }

    @Test
    void shouldRefuseACommandLineThatTheKernelDoesNotTake() {
        try (GuestMemory memory = SyntheticKernels.memory(RAM)) {
            BootRequest request =
                    SyntheticKernels.request(memory, RAM, SyntheticKernels.bzImage(true), "x".repeat(256));
            LoadException problem =
                    assertThrows(LoadException.class, () -> KernelLoader.load(request, KernelLoader.Format.AUTO));
            assertTrue(problem.getMessage().contains("--append"), problem.getMessage());
        }
    }

    @Test
    void shouldEnterABootSectorInRealMode() throws LoadException {
        EntryState state = load(SyntheticKernels.bootSector(), KernelLoader.Format.AUTO);
        assertEquals(0x7c00L, state.registers().get(Register.RIP));
        assertEquals(0x80L, state.registers().get(Register.RDX));
        assertEquals(0, state.segments().get(SegmentRegister.CS).base());
        assertFalse(state.registers().containsKey(Register.CR0));
    }

    @Test
    void shouldSayWhatIsWrongWithAFile(@TempDir Path folder) throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        for (Path path : List.of(folder, empty, folder.resolve("missing"), Path.of("/dev/zero"))) {
            LoadException problem =
                    assertThrows(LoadException.class, () -> Image.open(path).close());
            assertTrue(problem.getMessage().startsWith(path.toString()), problem.getMessage());
        }
    }

    @Test
    void shouldNoticeAFileThatShrinksWhileItIsRead(@TempDir Path folder) throws IOException, LoadException {
        Path file = Files.write(folder.resolve("kernel"), SyntheticKernels.bzImage(true));
        try (Image image = Image.open(file)) {
            Files.write(file, new byte[10]);
            LoadException problem = assertThrows(LoadException.class, () -> image.read(1000, 100));
            assertTrue(problem.getMessage().contains("truncated"), problem.getMessage());
        }
    }
}
