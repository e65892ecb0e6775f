package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest with a normal and a secure side, from the command line to its exit status. */
@Timeout(300)
class SecureGuestTest {
    private static final int RIGHT = 1;

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    /** The guest's run. @param words what is to run, or none for all */
    private BundledGuest.Run secure(String hyperv, int cpus, String time, String words, String... more)
            throws IOException {
        List<String> options = new ArrayList<>(List.of("--hyperv", hyperv, "--cpus", "" + cpus, "--time", time));
        if (!words.isEmpty()) {
            options.addAll(List.of("--append", words));
        }
        options.addAll(List.of(more));
        return BundledGuest.run(folder, "secure", options.toArray(String[]::new));
    }

    /** Every check holds, and these are among them. */
    private static void assertAllHold(Collection<String> said, BundledGuest.Run run) {
        List<String> wrong = run.lines().stream()
                .filter(line -> line.startsWith("not ok") || line.startsWith("Bail out"))
                .toList();
        assertEquals(List.of(), wrong, run.output());
        assertEquals(RIGHT, run.status(), run.output());
        List<String> held = run.lines().stream()
                .filter(line -> line.startsWith("ok "))
                .map(line -> line.replaceFirst("^ok \\d+ - ", ""))
                .toList();
        assertAll(said.stream().map(name -> () -> assertTrue(held.contains(name), name)));
    }

    private static List<String> both(List<String> some, List<String> others) {
        return Stream.concat(some.stream(), others.stream()).toList();
    }

    private static List<String> saidBy(int cpus) {
        return cpus == 1
                ? SecureGuestSays.ALWAYS
                : both(SecureGuestSays.ALWAYS, SecureGuestSays.WITH_SEVERAL_PROCESSORS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void shouldKeepTheLevelsApartByTheHostsTime(int cpus) throws IOException {
        assertAllHold(saidBy(cpus), secure("vsm", cpus, "host", ""));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 3", "4, 4"})
    void shouldKeepTheLevelsApartByVirtualTime(int cpus, String seed) throws IOException {
        assertAllHold(saidBy(cpus), secure("vsm", cpus, "virtual", "", "--seed", seed));
    }

    @ParameterizedTest
    @CsvSource({"2, host", "2, virtual", "3, virtual"})
    void shouldKeepTheLevelsApartWhereThereIsAThird(int cpus, String time) throws IOException {
        assertAllHold(both(saidBy(cpus), SecureGuestSays.WITH_A_THIRD_LEVEL), secure("vsm=2", cpus, time, ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "virtual"})
    void shouldGiveADiskTheNormalSidesRights(String time) throws IOException {
        Path disk = Files.write(folder.resolve("disk"), new byte[1 << 16]);
        assertAllHold(SecureGuestSays.OF_A_DISK, secure("vsm", 1, time, "dma", "--disk", disk.toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "virtual"})
    void shouldTellUserCodeFromTheKernels(String time) throws IOException {
        assertAllHold(SecureGuestSays.OF_MODES, secure("vsm", 2, time, "mbec"));
    }

    @ParameterizedTest
    @CsvSource({"2, virtual", "3, virtual", "2, host"})
    void shouldStartAProcessorOnItsSecureSide(int cpus, String time) throws IOException {
        assertAllHold(SecureGuestSays.OF_A_START_ABOVE, secure("vsm", cpus, time, "above"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"narrow", "narrow-paged", "narrow-pae"})
    void shouldHaveA32BitSecureSide(String word) throws IOException {
        assertAllHold(SecureGuestSays.OF_32_BIT_CODE, secure("vsm", 1, "host", word));
    }

    @ParameterizedTest
    @CsvSource({"2, host", "2, virtual", "3, virtual"})
    void shouldComputeOnTheSecureSideWhileAnotherProcessorMeddles(int cpus, String time) throws IOException {
        assertAllHold(
                List.of(
                        "meddle: the secure side has been at it",
                        "meddle: has found its general registers as they were",
                        "meddle: and all others"),
                secure("vsm", cpus, time, "meddle"));
    }

    /** The guest resets the machine twice, the second time from its secure side, and says behind each what is left. */
    @ParameterizedTest
    @CsvSource({"1, virtual", "3, virtual", "2, host"})
    void shouldForgetLevelsAtAReset(int cpus, String time) throws IOException {
        assertAllHold(SecureGuestSays.OF_A_RESET, secure("vsm", cpus, time, "reset"));
    }

    @ParameterizedTest
    @CsvSource({"2, host", "3, host", "2, virtual", "3, virtual"})
    void shouldTellTheSecureSideOfProcessorsThatStart(int cpus, String time) throws IOException {
        assertAllHold(SecureGuestSays.OF_STARTUP, secure("vsm", cpus, time, "startup"));
    }

    @ParameterizedTest
    @CsvSource({"3, virtual", "3, host"})
    void shouldTellTheThirdSideOfProcessorsThatStart(int cpus, String time) throws IOException {
        assertAllHold(SecureGuestSays.OF_STARTUP_BELOW_A_THIRD, secure("vsm=2", cpus, time, "third-startup"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldMeasureWhatTheLevelsCost(int cpus) throws IOException {
        BundledGuest.Run run = BundledGuest.run(
                folder,
                "vsmbench",
                "--hyperv",
                "vsm",
                "--cpus",
                String.valueOf(cpus),
                "--time",
                "virtual",
                "--seed",
                "1");
        assertEquals(RIGHT, run.status(), run.output());
        assertTrue(run.output().contains("VTL call and return: least "), run.output());
        assertTrue(run.output().contains("memory intercept, there and back: least "), run.output());
        assertTrue(run.output().contains("register intercept, there and back: least "), run.output());
        assertEquals(cpus > 1, run.output().contains("all processors running: least "), run.output());
    }

    // What does depend on the secret

    private static final String SECRET = "THE SECRET VALUE";

    /** The guest, with another secret in the page that its secure side hides. */
    private Path with(String secret) throws IOException {
        String image = Files.readString(BundledGuest.path("secure"), StandardCharsets.ISO_8859_1);
        assertEquals(image.indexOf(SECRET), image.lastIndexOf(SECRET), "it is there once");
        assertTrue(image.contains(SECRET));
        return Files.writeString(folder.resolve("guest"), image.replace(SECRET, secret), StandardCharsets.ISO_8859_1);
    }

    private BundledGuest.Run run(String secret, int seed, String words) throws IOException {
        return BundledGuest.run(
                folder,
                with(secret),
                "--hyperv",
                "vsm",
                "--time",
                "virtual",
                "--seed",
                String.valueOf(seed),
                "--append",
                words);
    }

    @Test
    void shouldSignWithTheSecretThatItHas() throws IOException {
        BundledGuest.Run one = run(SECRET, 1, "service");
        assertTrue(one.output().contains("signature of 0x1111 is 0xe3e946c53f2f1a3b"), one.output());
        assertEquals(one, run(SECRET, 1, "service"));
        assertNotEquals(one, run("another secret!!", 1, "service"));
    }
}
