package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import portcullis.machine.loader.FlatImage.Mode;

/** What the tests of this module run: machine code by the byte, and the bundled guests. */
final class Guests {
    static final long ADDRESS = 0x10_0000;

    /** {@code hlt}, interrupts off. */
    static final String HALT = "f4";
    /** {@code jmp $} */
    static final String SPIN = "ebfe";
    /** {@code 1: inc %eax; jmp 1b} */
    static final String COUNT = "ffc0 ebfc";
    /** {@code mov $3, %eax; out %eax, $0xf4}: status 7. */
    static final String EXIT_7 = "b803000000 e7f4";
    /** {@code mov $0x3f8, %edx; mov $'A', %al; out %al, %dx; mov $'B', %al; out %al, %dx}, then spins. */
    static final String SAY_AB = "baf8030000 b041 ee b042 ee ebfe";
    /** {@code ud2}: without an interrupt table that is a triple fault. */
    static final String TRIPLE_FAULT = "0f0b";

    private Guests() {}

    static byte[] code(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    /** By virtual time, in long mode at {@link #ADDRESS}. */
    static MachineBuilder flat(String hex) {
        return Machine.builder().memory("16M").virtualTime(1).flat(code(hex), ADDRESS, Mode.LONG);
    }

    /** One that {@code guests/make.sh} builds. Skips the test where that has not been run, except where that must not be. */
    static Path built(String name) {
        Path folder = Path.of(System.getProperty("portcullis.home"), "guests", "build");
        boolean there = Files.exists(folder.resolve("stamp"));
        assertTrue(there || !"true".equals(System.getenv("CI")), "run guests/make.sh first");
        assumeTrue(there, "guests/make.sh has not been run");
        return folder.resolve(name);
    }
}
