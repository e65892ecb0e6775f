package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class DemoCommandTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    private record Shown(int status, String output, String messages) {}

    private static Shown demo(String... arguments) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringWriter said = new StringWriter();
        PrintStream before = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            int status = Main.execute(new PrintWriter(said, true), arguments);
            return new Shown(status, bytes.toString(StandardCharsets.UTF_8), said.toString());
        } finally {
            System.setOut(before);
        }
    }

    /** In the order in which they must come. */
    private static void assertInOrder(String text, List<String> parts) {
        int at = 0;
        for (String part : parts) {
            int found = text.indexOf(part, at);
            assertTrue(found >= 0, () -> "no '" + part + "' where it should be in:\n" + text);
            at = found + part.length();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "3", "5"})
    void shouldShowWhoIsSuspendedOnWhomAndMeasureIt(String cpus) {
        Shown shown = demo("demo", "--quick", "--rounds", "20", "--cpus", cpus);
        assertEquals(ExitStatus.SUCCESS, shown.status, shown.output + shown.messages);
        assertInOrder(
                shown.output,
                List.of(
                        "host  starts the guest",
                        "vp 1  running",
                        "host  round 1 of 4",
                        "vp 1  inhibiting flushes of vp 1 for host",
                        "vp 0  suspending vp 0 waiting on vp 1: HvCallFlushVirtualAddress",
                        "vp 1  lifting inhibit of vp 1 for host, gate open, 1 vp resumed",
                        "vp 0  resuming vp 0 after waiting",
                        "host  round 4 of 4",
                        "host  inhibits and lifts 20 times more",
                        "flushes by vp 0",
                        "suspended 24 times",
                        "reads of the old page after its flush 0\n",
                        "from lift to where vp 0 runs again    median ",
                        "inhibit and lift, nobody flushes ",
                        "nobody saw a page after its flush had returned",
                        "The gate held"));
    }

    @Test
    void shouldLeaveATraceOfIt() throws IOException {
        Path trace = folder.resolve("demo.jfr");
        Shown shown = demo("demo", "--quick", "--rounds", "5", "--trace", trace.toString());
        assertEquals(ExitStatus.SUCCESS, shown.status, shown.output + shown.messages);
        Path picture = folder.resolve("demo.json");
        assertEquals(0, demo("trace", trace.toString(), "--format", "json", "--output", picture.toString()).status);
        assertTrue(Files.readString(picture).contains("suspended on vp 1"));
    }

    @Test
    void shouldStillShowTheBasics() throws IOException {
        Path serial = folder.resolve("serial");
        Shown shown = demo("demo", "basics", "--cpus", "2", "--serial", "file:" + serial);
        assertEquals(ExitStatus.SUCCESS, shown.status, shown.messages);
        assertTrue(Files.readString(serial).endsWith("All of it is right.\n"));
    }
}
