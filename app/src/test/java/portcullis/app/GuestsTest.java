package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bundled guests from the command line to their exit status, on the software engine. */
@Timeout(120)
class GuestsTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private BundledGuest.Run run(String guest, String... options) throws IOException {
        return BundledGuest.run(folder, guest, options);
    }

    @Test
    void shouldPrintAndEndWithTheGuestsStatus() throws IOException {
        Path console = folder.resolve("console");
        assertEquals(
                new BundledGuest.Run(1, "Hello from inside.\n"), run("hello", "--debug-console", "file:" + console));
        assertEquals("Hello from inside.\n", Files.readString(console));
        assertEquals(0, run("hello", "--exit-code", "0").status());
    }

    /** Checksums as other emulators, and processors, have them. */
    @ParameterizedTest
    @CsvSource({
        "integer, 1, integer x 1: 0xabca1f654b011d3e",
        "memory, 1, memory x 1: 0x1e3edf0c1473a30",
        "sse, 1, sse x 1: 0x1ab80910915edeca"
    })
    void shouldComputeWhatEveryProcessorComputes(String guest, String count, String expected) throws IOException {
        assertEquals(new BundledGuest.Run(1, expected + "\n"), run(guest, "--append", count));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void shouldRunManyProcessorsByTheHostsTime(int cpus) throws IOException {
        BundledGuest.Run run = run("demo", "--cpus", String.valueOf(cpus));
        assertEquals(1, run.status(), run.output());
        assertTrue(run.output().endsWith("All of it is right.\n"), run.output());
    }

    @Test
    void shouldRepeatARunOfTheSameSeedToTheByte() throws IOException {
        String[] first = traced("demo", 7, "first");
        assertEquals(List.of(first), List.of(traced("demo", 7, "second")));
        String[] other = traced("demo", 8, "other");
        assertNotEquals(first[1], other[1]);
        assertTrue(other[0].endsWith("All of it is right.\n"), other[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--debug-console=file:/dev/full", "--time=virtual --trace=/dev/full"})
    void shouldTellThatOutputIsLost(String options) throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")));
        assertEquals(2, run("hello", options.split(" ")).status());
    }

    private String[] traced(String guest, int seed, String name) throws IOException {
        Path trace = folder.resolve(name);
        BundledGuest.Run run = run(
                guest, "--cpus", "3", "--time", "virtual", "--seed", String.valueOf(seed), "--trace", trace.toString());
        assertEquals(1, run.status(), run.output());
        return new String[] {run.output(), Files.readString(trace)};
    }

    @Test
    void shouldRecordEventsAndShowThem() throws IOException {
        String first = shown(recorded("first"), "text");
        assertEquals(first, shown(recorded("second"), "text"), "a seed means the same events at the same times");
        assertTrue(first.contains("0.000000000 vp 0 vtl 0 running\n"), first);
        assertTrue(first.contains("0.000000000 vp 1 vtl 0 wait for startup\n"), first);
        assertTrue(first.contains(" vp 2 vtl 0 interrupt 0x"), first);
        Path recording = folder.resolve("first.jfr");
        assertTrue(shown(recording, "json").contains("\"name\":\"vp 2 vtl 0\""));
        assertTrue(shown(recording, "perfetto").contains("portcullis partition"));
        assertTrue(shown(recording, "text", "--vp", "1", "--event", "run-state")
                .lines()
                .allMatch(line ->
                        line.matches(" *[0-9.]+ (partition \\d+ )?vp 1 vtl 0 (running|halted|wait for startup)")));
    }

    private Path recorded(String name) throws IOException {
        Path file = folder.resolve(name + ".jfr");
        Path slices = folder.resolve(name);
        BundledGuest.Run run = run(
                "demo", "--cpus", "3", "--time", "virtual", "--trace", file.toString(), "--trace", slices.toString());
        assertEquals(1, run.status(), run.output());
        assertTrue(Files.size(slices) > 0);
        return file;
    }

    /** Without the partition's number: other tests of this process have some, too. */
    private String shown(Path recording, String format, String... options) throws IOException {
        Path output = folder.resolve("shown");
        List<String> arguments = new ArrayList<>(
                List.of("trace", recording.toString(), "--format", format, "--output", output.toString()));
        arguments.addAll(List.of(options));
        StringWriter said = new StringWriter();
        assertEquals(0, Main.execute(new PrintWriter(said, true), arguments.toArray(String[]::new)), said.toString());
        return Files.readString(output, StandardCharsets.ISO_8859_1).replaceAll(" partition \\d+ vp", " vp");
    }
}
