package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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

/** Guests that use Microsoft's hypervisor interface, from the command line to their exit status. */
@Timeout(300)
class HypervGuestsTest {
    private static final int RIGHT = 1;
    private static final int CAUGHT = 42 << 1 | 1;

    /** Of the hundreds of lines, some that a mistake in the guest's own flow must not lose. */
    private static final List<String> SAID = List.of(
            "identity: enabling the page before an OS id raises nothing",
            "identity: old contents come back where the page was",
            "identity: clearing the OS id disables the page",
            "identity: writing the page",
            "msr TPR: reserved bits that are taken",
            "msr: read of an unknown one 0x40000004",
            "call: rep start above the count",
            "call: misaligned input by 0x7",
            "call: input across a page's end, which leaves 0x10",
            "call: a list that they do not hold",
            "call: a simple call changes RAX alone",
            "mode: a call from user mode",
            "mode 32-bit: one rep",
            "flush: an old translation stays until it is flushed, on processor 0x0",
            "flush in memory: one page of a list",
            "flush in memory: one page of a list, exactly",
            "flush in XMM, with a set: a range of three pages, exactly",
            "space: a flush of what is not global leaves them, exactly",
            "space: leaves the other one, exactly",
            "ipi fast: to all at once, asleep",
            "ipi in memory, with a set: to one at a time, asleep",
            "time: the page's time is never before the counter's",
            "time timer 0: one shot: it comes",
            "synic: a message for a busy slot waits, and the slot says so",
            "connection to processor 0: they come in order, with an interrupt each",
            "registers: five at once",
            "hostile: and the interface still works");

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
        Stream<String> names = run.lines().stream()
                .filter(line -> line.startsWith("ok "))
                .map(line -> line.replaceFirst("^ok \\d+ - ", ""));
        List<String> held = names.toList();
        assertAll(SAID.stream().map(name -> () -> assertTrue(held.contains(name), name)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void shouldKeepTheInterfacesRulesByTheHostsTime(int cpus) throws IOException {
        assertAllHold(BundledGuest.run(folder, "hypercall", "--hyperv", "on", "--cpus", String.valueOf(cpus)));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2"})
    void shouldKeepTheInterfacesRulesByVirtualTime(int cpus, int seed) throws IOException {
        assertAllHold(virtual("hypercall", cpus, seed, ""));
    }

    private BundledGuest.Run virtual(String guest, int cpus, int seed, String append) throws IOException {
        return BundledGuest.run(
                folder,
                guest,
                "--hyperv",
                "on",
                "--cpus",
                String.valueOf(cpus),
                "--time",
                "virtual",
                "--seed",
                String.valueOf(seed),
                "--append",
                append);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "identity",
                "on,-xmm-input,-xmm-output",
                "on,-tlbflush,-tlbflush-ext",
                "on,-vapic,-time,-synic,-stimer,-stimer-direct,-crash,-idle",
                "on,-start-vp,-vp-registers",
                "vsm=2"
            })
    void shouldKeepTheRulesOfWhatIsOffered(String offered) throws IOException {
        BundledGuest.Run run = BundledGuest.run(folder, "hypercall", "--hyperv", offered, "--cpus", "2");
        assertEquals(RIGHT, run.status(), run.output());
    }

    @Test
    void shouldOfferNothingWhereItIsOff() throws IOException {
        BundledGuest.Run run = BundledGuest.run(folder, "hypercall");
        assertTrue(run.output().contains("no hypervisor with the interface Hv#1"), run.output());
    }

    @ParameterizedTest
    @CsvSource({"1, 300", "2, 1000", "3, 1000", "4, cross 200"})
    void shouldNeverShowAPageAfterItsFlush(int cpus, String words) throws IOException {
        BundledGuest.Run run = BundledGuest.run(
                folder, "flushstorm", "--hyperv", "on", "--cpus", String.valueOf(cpus), "--append", words);
        assertEquals(RIGHT, run.status(), run.output());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldNeverShowAPageAfterItsFlushInAnyInterleaving(int seed) throws IOException {
        BundledGuest.Run run = virtual("flushstorm", 2 + seed % 3, seed, seed % 2 == 0 ? "cross 50" : "100");
        assertEquals(RIGHT, run.status(), run.output());
    }

    @Test
    void shouldRepeatTheRunThatHitsThePlantedBug() throws IOException {
        BundledGuest.Run run = virtual("planted", 2, 1, "3000");
        assertEquals(CAUGHT, run.status(), run.output());
        assertEquals(run, virtual("planted", 2, 1, "3000"));
    }

    @Test
    void shouldMeasureWhatTheInterfaceCosts() throws IOException {
        BundledGuest.Run run = virtual("hvbench", 3, 1, "");
        assertEquals(RIGHT, run.status(), run.output());
        assertTrue(run.output().contains("null hypercall, fast: least "), run.output());
        assertTrue(run.output().contains("flush of 2, running: least "), run.output());
    }
}
