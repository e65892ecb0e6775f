package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Explorations of boot sectors that reset the machine. */
@Timeout(120)
class ExploreResetTest {
    private static final int SECTOR = 512;

    /** mov dx, 0xcf9; mov al, 6; out dx, al; hlt. */
    private static final String RESET = "baf90c b006 ee f4";

    /** Where the byte at 0x9000 is 1, mov al, 0; out 0xf4, al; else it is set, and the machine reset. */
    private static final String ONCE = "31c0 8ed8 803e009001 740c c606009001" + RESET + "b000 e6f4 f4";

    @TempDir
    private Path folder;

    private final StringWriter said = new StringWriter();

    private int explore(String code) throws IOException {
        byte[] sector = Arrays.copyOf(HexFormat.of().parseHex(code.replace(" ", "")), SECTOR);
        sector[SECTOR - 2] = 0x55;
        sector[SECTOR - 1] = (byte) 0xaa;
        Path guest = Files.write(folder.resolve("guest"), sector);
        return Main.execute(
                new PrintWriter(said, true),
                "explore",
                "--kernel",
                guest.toString(),
                "--memory",
                "32M",
                "--seeds",
                "2");
    }

    @Test
    void shouldGoOnBehindAResetAsRunDoes() throws IOException {
        assertEquals(ExitStatus.SUCCESS, explore(ONCE), said::toString);
    }

    @Test
    void shouldCallAGuestThatResetsForEverAFailure() throws IOException {
        assertEquals(ExitStatus.FOUND, explore(RESET), said::toString);
        assertTrue(said.toString().contains("seed 0: the guest resets the machine again and again"), said::toString);
    }
}
