package portcullis.app.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpioArchiveTest {
    private static final int HEADER = 110;

    private static int field(byte[] archive, int at, int field) {
        return Integer.parseInt(new String(archive, at + 6 + 8 * field, 8, StandardCharsets.US_ASCII), 16);
    }

    /** Entries as "path mode size". */
    private static List<String> read(byte[] archive) {
        List<String> entries = new ArrayList<>();
        for (int at = 0; at < archive.length; ) {
            assertEquals("070701", new String(archive, at, 6, StandardCharsets.US_ASCII));
            int nameSize = field(archive, at, 11);
            String name = new String(archive, at + HEADER, nameSize - 1, StandardCharsets.UTF_8);
            int size = field(archive, at, 6);
            entries.add("%s %o %d".formatted(name, field(archive, at, 1), size));
            at = (at + HEADER + nameSize + 3 & -4) + size + 3 & -4;
        }
        return entries;
    }

    @Test
    void shouldWriteWhatLinuxUnpacks() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioArchive archive = new CpioArchive(bytes)) {
            archive.directory("bin");
            archive.file("bin/tool", 0755, new byte[] {1, 2, 3, 4, 5});
            archive.link("bin/sh", "tool");
            archive.device("console", 0600, 5, 1);
        }
        assertEquals(
                List.of("bin 40755 0", "bin/tool 100755 5", "bin/sh 120777 4", "console 20600 0", "TRAILER!!! 0 0"),
                read(bytes.toByteArray()));
        assertEquals(0, bytes.size() % 4);
    }
}
