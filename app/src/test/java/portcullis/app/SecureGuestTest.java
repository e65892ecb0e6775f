package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
            "names RIP: the secure side keeps its own 0x0",
            "names SINT: the normal side keeps its own 0xf",
            "names YMM, high: so does the normal side's 0xf",
            "names MTRR fixed: so does the secure side's 0xa",
            "names: the run time is shared",
            "protection: by the normal side",
            "protection reading: a store",
            "secret a load: is stopped",
            "secret as a page table: it finds nothing",
            "secret as a hypercall's output: the secure side is told",
            "secret: it is nowhere in the normal side's memory",
            "secret: nobody has changed it",
            "message of a load: physical address",
            "message of user code: execution state",
            "message answered: by doing it for the normal side",
            "lock a translation: says that it may not be read",
            "interrupt a timer of the secure side: finds all registers and leaves them",
            "interrupt one that waits when the secure side returns: brings it back at once",
            "interrupt an IPI by the normal side: to the secure one",
            "interrupt notification of what was there before the entry: comes",
            "interrupt notification of the normal side's: comes with the first",
            "enable a context: without a task",
            "enable a context: enables nothing",
            "overlay an output page that may be read: intercepts",
            "overlay the hypercall page: is an intercept of a fetch",
            "overlay the normal side's message page: has what came, when it is open",
            "busy several intercepts, with the slot in use: all come, one after the other",
            "busy more than can wait: so many messages are kept",
            "dma the entropy device: does not write there",
            "dma the firmware's device: nor finds orders there",
            "register the control register: refuses bit 0x19",
            "register MOV to CR0: the secure side refuses it",
            "register MOV to CR0 that changes nothing: value or address",
            "register LMSW: nothing has happened",
            "register LGDT: memory operand",
            "register LTR: and nobody is told",
            "register RDMSR of EFER: RAX",
            "register WRMSR of a hash of SGX: not watched it does what it does",
            "register CLTS: is a write of CR0 without TS",
            "register done by the secure side: a write of LSTAR is one",
            "register message at a higher priority: CR8",
            "register a mask: lets bits change that are not in it",
            "register written by hypercall: EFER",
            "register with the slot in use: and says that one waits",
            "other a device's interrupt by the 8259, while the secure side runs: comes to the normal side behind the return",
            "other notification that is asked for when the normal side's interrupt is there: comes",
            "service: it signs");

    private static final List<String> SAID_BY_SEVERAL = List.of(
            "enable: from above on processor 0x1",
            "lock an inhibit by translation: a flush waits for it",
            "lock a lock again: a flush waits for it",
            "lock a lock, cleared: which lets the flush pass",
            "lock: no flush passes in 64 rounds",
            "lock waiting for locks: keeps the normal side out until the lock is gone",
            "register on another processor: is told there",
            "register on another processor: until it asks no more",
            "interrupt INIT by the normal side: is dropped where there is a secure side",
            "other registers of a processor on its secure side: XMM 0xf",
            "other registers of a processor on its secure side: a page fault, which would set CR2",
            "other registers of a processor on its secure side: as the normal side does when it is left",
            "other an inhibit of a secure side: stays",
            "other an inhibit of a secure side: by another processor's normal side");

    private static final List<String> SAID_BY_A_THIRD = List.of(
            "third: by the third side on processor 0x1",
            "third: each level has its own, level 0x2",
            "third a page that the third level hides from the secure one: the third is told",
            "third one that both hide: and then the third",
            "third an interrupt for each of both: to the highest first",
            "third a lock of the secure side: and holds",
            "third a lock of the third side: ends when it is left, with the secure side running on",
            "third an inhibit by translation of each: holds when the third is left",
            "third the secure side locked by the third: until the third is left",
            "other an inhibit of a third side: stays",
            "other an inhibit of a third side: its registers are not the secure side's to read",
            "third-register: which the secure side does not notice",
            "third-register: where both watch, the secure side is told",
            "third-register: the secure side may not write it for the normal one then");

    private static final List<String> SAID_OF_STARTUP = List.of(
            "startup denied: a start-up message does nothing",
            "startup denied: nobody is told",
            "startup INIT: what the ICR has",
            "startup start-up: target",
            "startup HvCallStartVirtualProcessor: the input",
            "startup with a secure side of its own: whose GDTR is watched it is not started with another",
            "startup done by the secure side: the processor runs");

    private static final List<String> SAID_OF_A_DISK = List.of(
            "dma a disk: and read",
            "dma as what is written to the disk: the device does not do it",
            "dma as what is read from it: the page is as it was",
            "dma as the second half of what is written: and so is the sector",
            "dma by a table that names it: the device does not do it",
            "dma as what is used: and asks for a reset",
            "dma a page that may be read: cannot be read into");

    private static final List<String> SAID_OF_MODES = List.of(
            "mbec on: user code: user code executes",
            "mbec on: user code: the kernel executes",
            "mbec on, without SMEP: user code, by the kernel's right: user code executes",
            "mbec off: the kernel's code: user code executes",
            "mbec a fetch by user code: its mode",
            "mbec on one processor: and not on another");

    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private void assertAllHold(int cpus, BundledGuest.Run run) {
        assertAllHold(Stream.concat(SAID.stream(), cpus == 1 ? Stream.of() : SAID_BY_SEVERAL.stream()), run);
    }

    private void assertAllHold(Stream<String> said, BundledGuest.Run run) {
        List<String> wrong = run.lines().stream()
                .filter(line -> line.startsWith("not ok") || line.startsWith("Bail out"))
                .toList();
        assertEquals(List.of(), wrong, run.output());
        assertEquals(RIGHT, run.status(), run.output());
        List<String> held = run.lines().stream()
                .filter(line -> line.startsWith("ok "))
                .map(line -> line.replaceFirst("^ok \\d+ - ", ""))
                .toList();
        assertAll(said.map(name -> () -> assertTrue(held.contains(name), name)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void shouldKeepTheLevelsApartByTheHostsTime(int cpus) throws IOException {
        assertAllHold(cpus, BundledGuest.run(folder, "secure", "--hyperv", "vsm", "--cpus", String.valueOf(cpus)));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 3", "4, 4"})
    void shouldKeepTheLevelsApartByVirtualTime(int cpus, int seed) throws IOException {
        assertAllHold(
                cpus,
                BundledGuest.run(
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

    @ParameterizedTest
    @CsvSource({"2, host", "2, virtual", "3, virtual"})
    void shouldKeepTheLevelsApartWhereThereIsAThird(int cpus, String time) throws IOException {
        assertAllHold(
                Stream.of(SAID, SAID_BY_SEVERAL, SAID_BY_A_THIRD).flatMap(List::stream),
                BundledGuest.run(
                        folder, "secure", "--hyperv", "vsm=2", "--cpus", String.valueOf(cpus), "--time", time));
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "virtual"})
    void shouldGiveADiskTheNormalSidesRights(String time) throws IOException {
        Path disk = Files.write(folder.resolve("disk"), new byte[1 << 16]);
        assertAllHold(
                SAID_OF_A_DISK.stream(),
                BundledGuest.run(
                        folder,
                        "secure",
                        "--hyperv",
                        "vsm",
                        "--disk",
                        disk.toString(),
                        "--time",
                        time,
                        "--append",
                        "dma"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "virtual"})
    void shouldTellUserCodeFromTheKernels(String time) throws IOException {
        assertAllHold(
                SAID_OF_MODES.stream(),
                BundledGuest.run(
                        folder, "secure", "--hyperv", "vsm", "--cpus", "2", "--time", time, "--append", "mbec"));
    }

    @ParameterizedTest
    @CsvSource({"2, virtual", "3, virtual", "2, host"})
    void shouldStartAProcessorOnItsSecureSide(int cpus, String time) throws IOException {
        assertAllHold(
                Stream.of(
                        "above a processor that waits to be started: is started there",
                        "above its normal side: need not run for an interrupt of the secure one",
                        "above its normal side: its calls come to the secure side"),
                BundledGuest.run(
                        folder,
                        "secure",
                        "--hyperv",
                        "vsm",
                        "--cpus",
                        String.valueOf(cpus),
                        "--time",
                        time,
                        "--append",
                        "above"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"narrow", "narrow-paged", "narrow-pae"})
    void shouldHaveA32BitSecureSide(String word) throws IOException {
        assertAllHold(
                Stream.of(
                        "narrow: a context of 32-bit code",
                        "narrow: R12 stays",
                        "narrow a restoring return: gives EDX back as it was",
                        "narrow an intercept: the access is tried again"),
                BundledGuest.run(folder, "secure", "--hyperv", "vsm", "--append", word));
    }

    /** The guest resets the machine twice, the second time from its secure side, and says behind each what is left. */
    @ParameterizedTest
    @CsvSource({"1, virtual", "3, virtual", "2, host"})
    void shouldForgetLevelsAtAReset(int cpus, String time) throws IOException {
        assertAllHold(
                Stream.of(
                        "reset: and empty",
                        "reset: so is the secret's page",
                        "reset: no register is watched",
                        "reset: nor the start of processors",
                        "reset: and as it was, as that was wanted"),
                BundledGuest.run(
                        folder,
                        "secure",
                        "--hyperv",
                        "vsm",
                        "--cpus",
                        String.valueOf(cpus),
                        "--time",
                        time,
                        "--append",
                        "reset"));
    }

    @ParameterizedTest
    @CsvSource({"2, host", "3, host", "2, virtual", "3, virtual"})
    void shouldTellTheSecureSideOfProcessorsThatStart(int cpus, String time) throws IOException {
        BundledGuest.Run run = BundledGuest.run(
                folder,
                "secure",
                "--hyperv",
                "vsm",
                "--cpus",
                String.valueOf(cpus),
                "--time",
                time,
                "--append",
                "startup");
        assertAllHold(SAID_OF_STARTUP.stream(), run);
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
