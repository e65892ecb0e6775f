package portcullis.app.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.ResumeReason;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.TraceEvent;

class StagesTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);

    private static At vp(int vp) {
        return new At(1_500_000, 0, vp, 0);
    }

    private static TraceEvent running(int vp) {
        return new TraceEvent.RunStateChange(vp(vp), RunState.RUNNING);
    }

    private static final TraceEvent INHIBIT = new TraceEvent.Inhibit(vp(1), "host", 100, 0);
    private static final TraceEvent SUSPEND =
            new TraceEvent.Suspend(vp(0), 1, 0x1000, 2, "HvCallFlushVirtualAddressSpace");
    private static final TraceEvent LIFT = new TraceEvent.Lift(vp(1), "host", true, 1, 100);
    private static final TraceEvent RESUME = new TraceEvent.Resume(vp(0), 1, ResumeReason.LIFTED, 5000);

    private String said() {
        out.flush();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldTellEachEventInALine() {
        try (PlainStage stage = new PlainStage(out)) {
            stage.chapter("round 1");
            List.of(INHIBIT, SUSPEND, LIFT, RESUME).forEach(stage::happened);
            stage.doing("something that the events say");
            stage.count("7 flushes");
        }
        assertEquals(
                List.of(
                        "             host  round 1",
                        "   0.001500  vp 1  inhibiting flushes of vp 1 for host, waited 0.100 us for 0 flushes to pass",
                        "   0.001500  vp 0  suspending vp 0 waiting on vp 1: HvCallFlushVirtualAddressSpace (0x0002) at 0x1000",
                        "   0.001500  vp 1  lifting inhibit of vp 1 for host, gate open, 1 vp resumed, took 0.100 us",
                        "   0.001500  vp 0  resuming vp 0 after waiting 5.000 us on vp 1: lifted"),
                said().lines().toList());
    }

    @Test
    void shouldStopTellingWhereItWouldBeTooMany() {
        try (PlainStage stage = new PlainStage(out)) {
            for (int i = 0; i < 1000; i++) {
                stage.happened(running(0));
            }
        }
        assertEquals(61, said().lines().count());
    }

    private static String plain(VpStrip strip) {
        return strip.strip(false).replaceAll("\033\\[[0-9]+m", "");
    }

    @Test
    void shouldShowTimeAsAStrip() {
        VpStrip strip = new VpStrip(8);
        strip.advance();
        strip.happened(running(0));
        strip.advance();
        strip.happened(SUSPEND);
        strip.advance();
        strip.advance();
        strip.happened(RESUME);
        strip.advance();
        strip.happened(new TraceEvent.RunStateChange(vp(0), RunState.HALTED));
        strip.advance();
        strip.advance();
        assertEquals("  -###-.", plain(strip), "what a column begins with is shown in it, too");
    }

    @Test
    void shouldShowWhatIsShorterThanAColumn() {
        VpStrip strip = new VpStrip(3);
        strip.happened(running(0));
        strip.advance();
        strip.happened(SUSPEND);
        strip.happened(RESUME);
        strip.advance();
        strip.advance();
        assertEquals("-#-", plain(strip));
    }

    @Test
    void shouldSayWhatAVpIsAbout() {
        VpStrip strip = new VpStrip(3);
        assertEquals("waits for start-up", strip.words());
        strip.happened(running(0));
        assertEquals("running", strip.words());
        strip.happened(INHIBIT);
        assertEquals("running, flushes inhibited", strip.words());
        strip.happened(SUSPEND);
        assertEquals("suspended on vp 1 in FlushVirtualAddressSpace", strip.words());
        strip.happened(RESUME);
        strip.happened(new TraceEvent.Lift(vp(1), "host", false, 0, 1));
        assertEquals("running, flushes inhibited", strip.words(), "another reason is left");
        strip.happened(LIFT);
        assertEquals("running", strip.words());
    }

    @Test
    void shouldRedrawInPlaceAndNeverBeWiderThanTheTerminal() {
        int width = 90;
        try (LiveStage stage = new LiveStage(out, 3, width, true)) {
            List.of(running(0), running(1), INHIBIT, SUSPEND).forEach(stage::happened);
            stage.chapter("round 1 of 4");
            stage.doing("waits ".repeat(40));
            stage.count("12 flushes ".repeat(40));
        }
        String frame = said().replace("\r", "").replaceAll("\033\\[[0-9]*[mK]", "");
        List<String> lines = frame.lines().toList();
        assertEquals(5, lines.size(), frame);
        assertTrue(lines.stream().allMatch(line -> line.length() <= width), frame);
        assertTrue(lines.get(0).contains("\u2591") && lines.get(0).contains("suspended on vp 1"), frame);
        assertTrue(lines.get(3).startsWith("host   round 1 of 4: waits"), frame);
    }

    @Test
    void shouldKnowWhatIsTypical() {
        Durations durations = new Durations();
        assertEquals("not measured", durations.toString());
        for (int i = 1000; i >= 1; i--) {
            durations.add(i * 1000L);
        }
        assertEquals(500_000, durations.quantile(0.5));
        assertEquals(990_000, durations.quantile(0.99));
        assertEquals(1_000_000, durations.quantile(1));
        assertEquals("median 500.0 us, 99th percentile 990.0 us", durations.toString());
    }
}
