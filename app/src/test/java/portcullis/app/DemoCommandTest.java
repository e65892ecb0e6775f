package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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

    @ParameterizedTest
    @ValueSource(strings = {"2", "3", "5"})
    void shouldShowWhoIsSuspendedOnWhomAndMeasureIt(String cpus) {
        Shown shown = Shown.by("demo", "--quick", "--rounds", "20", "--cpus", cpus);
        assertEquals(ExitStatus.SUCCESS, shown.status(), shown.output() + shown.messages());
        shown.assertInOrder(List.of(
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
        Shown shown = Shown.by("demo", "--quick", "--rounds", "5", "--trace", trace.toString());
        assertEquals(ExitStatus.SUCCESS, shown.status(), shown.output() + shown.messages());
        Path picture = folder.resolve("demo.json");
        assertEquals(
                0,
                Shown.by("trace", trace.toString(), "--format", "json", "--output", picture.toString())
                        .status());
        assertTrue(Files.readString(picture).contains("suspended on vp 1"));
    }

    @Test
    void shouldStillShowTheBasics() throws IOException {
        Path serial = folder.resolve("serial");
        Shown shown = Shown.by("demo", "basics", "--cpus", "2", "--serial", "file:" + serial);
        assertEquals(ExitStatus.SUCCESS, shown.status(), shown.messages());
        assertTrue(Files.readString(serial).endsWith("All of it is right.\n"));
    }
}
