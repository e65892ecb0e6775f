package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest with a normal and a secure side, from the command line to its exit status. */
@Timeout(300)
class SecureGuestTest {
    private static final int RIGHT = 1;

    /** Of the hundreds of lines, some that a mistake in the guest's own flow must not lose. */
    private static final List<String> SAID = List.of(
            "before: a call of a level that nobody has enabled",
            "enable: level 1",
            "enable a context: in real mode",
            "enable: it on processor 0",
            "switch: a call from user mode",
            "switch: a restoring return gives RAX from the page",
            "switch R15: comes down",
            "state STAR: the normal side keeps its own",
            "state DR3: the secure side sees the normal side's",
            "protection: by the normal side",
            "protection reading: a store",
            "secret a load: is stopped",
            "secret as a page table: it finds nothing",
            "secret as a hypercall's output: the secure side is told",
            "secret: it is nowhere in the normal side's memory",
            "secret: nobody has changed it");

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private void assertAllHold(BundledGuest.Run run) {
        List<String> wrong = run.lines().stream()
                .filter(line -> line.startsWith("not ok") || line.startsWith("Bail out"))
                .toList();
        assertEquals(List.of(), wrong, run.output());
        assertEquals(RIGHT, run.status(), run.output());
        List<String> held = run.lines().stream()
                .filter(line -> line.startsWith("ok "))
                .map(line -> line.replaceFirst("^ok \\d+ - ", ""))
                .toList();
        assertAll(SAID.stream().map(name -> () -> assertTrue(held.contains(name), name)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void shouldKeepTheLevelsApartByTheHostsTime(int cpus) throws IOException {
        assertAllHold(BundledGuest.run(folder, "secure", "--hyperv", "vsm", "--cpus", String.valueOf(cpus)));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 3", "4, 4"})
    void shouldKeepTheLevelsApartByVirtualTime(int cpus, int seed) throws IOException {
        assertAllHold(BundledGuest.run(
                folder,
                "secure",
                "--hyperv",
                "vsm",
                "--cpus",
                String.valueOf(cpus),
                "--time",
                "virtual",
                "--seed",
                String.valueOf(seed)));
    }
}
