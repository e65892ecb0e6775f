package portcullis.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
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

class StateFileTest {
    @TempDir
    private Path folder;

    private static StateWriter content(String text) {
        StateWriter out = new StateWriter();
        out.putString(text);
        return out;
    }

    private Path written(String... chunks) throws IOException {
        Path file = folder.resolve("machine.state");
        try (StateFileWriter out = StateFileWriter.create(file)) {
            for (String chunk : chunks) {
                out.chunk(chunk, 3, content("state of " + chunk));
            }
            long size = out.finish();
            assertEquals(size, Files.size(file));
        }
        return file;
    }

    private static void readAll(Path file) {
        try (StateFileReader in = StateFileReader.open(file)) {
            while (in.next() != null) {
                // To the end: only then the file is known to be whole.
                continue;
            }
        }
    }

    private static String refusal(Path file) {
        return assertThrows(StateException.class, () -> readAll(file)).getMessage();
    }

    @Test
    void shouldReadWhatWasWritten() throws IOException {
        Path file = written("ram", "vp 0", "ram");
        try (StateFileReader in = StateFileReader.open(file)) {
            for (String name : List.of("ram", "vp 0", "ram")) {
                StateReader chunk = in.next();
                assertEquals(name, chunk.name());
                assertEquals(3, chunk.version());
                assertEquals("state of " + name, chunk.getString());
                chunk.finish();
            }
            assertNull(in.next());
        }
    }

    @Test
    void shouldLeaveNothingBehindWhenGivenUp() throws IOException {
        Path file = written("old");
        byte[] before = Files.readAllBytes(file);
        try (StateFileWriter out = StateFileWriter.create(file)) {
            out.chunk("new", 1, content("half"));
        }
        assertArrayEquals(before, Files.readAllBytes(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void shouldReplaceAnOlderFileWhole() throws IOException {
        written("old");
        Path file = written("new");
        try (StateFileReader in = StateFileReader.open(file)) {
            assertEquals("new", in.next().name());
        }
    }

    @Test
    void shouldNoticeEveryFlippedBit() throws IOException {
        Path file = written("ram", "vp 0");
        byte[] good = Files.readAllBytes(file);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 << at % 8);
            Files.write(file, bad);
            String line = refusal(file);
            assertTrue(line.startsWith(file.toString()), line);
            assertFalse(line.contains("\n"), line);
        }
    }

    @Test
    void shouldNoticeEveryTruncation() throws IOException {
        Path file = written("ram", "vp 0");
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length++) {
            Files.write(file, Arrays.copyOf(good, length));
            refusal(file);
        }
    }

    @Test
    void shouldNoticeWhatFollowsTheEnd() throws IOException {
        Path file = written("ram");
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) + 1));
        assertTrue(refusal(file).contains("follow"));
    }

    @Test
    void shouldNoticePartsThatWereSwapped() throws IOException {
        byte[] ab = Files.readAllBytes(written("a", "b"));
        byte[] ba = Files.readAllBytes(written("b", "a"));
        int end = ab.length - (1 + 3 + 8 + 12 + 4);
        Path file = folder.resolve("machine.state");
        System.arraycopy(ba, 0, ab, 0, end);
        Files.write(file, ab);
        assertTrue(refusal(file).contains("belong together"));
    }

    @Test
    void shouldRefuseWhatIsNoStateFile() throws IOException {
        Path other = folder.resolve("notes.txt");
        Files.writeString(other, "x".repeat(5000));
        assertEquals(other + " is no saved machine", refusal(other));
        Files.writeString(other, "");
        assertEquals(other + " is no saved machine", refusal(other));
        assertTrue(refusal(folder).contains("directory"));
        assertTrue(refusal(folder.resolve("none")).contains("does not exist"));
    }

    @Test
    void shouldSayWhenTheFormatIsANewerOne() throws IOException {
        Path file = written("ram");
        byte[] bytes = Files.readAllBytes(file);
        bytes[8] = 9;
        Files.write(file, bytes);
        assertEquals(file + " has format 9; this build of Portcullis reads format 1", refusal(file));
    }

    @Test
    void shouldSayWhichFolderIsMissing() {
        Path nowhere = folder.resolve("no/such/machine.state");
        assertTrue(assertThrows(IOException.class, () -> StateFileWriter.create(nowhere))
                .getMessage()
                .contains("folder"));
        assertThrows(IOException.class, () -> StateFileWriter.create(folder));
    }
}
