package portcullis.app.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.TraceEvent;

class LevelPictureTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private LevelPicture picture(int vps, boolean terminal) {
        return new LevelPicture(vps, new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal);
    }

    private String drawn() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static TraceEvent entry(int vp, String reason) {
        return new TraceEvent.VtlEntry(new At(0, 0, vp, 0), 1, reason);
    }

    private static TraceEvent back(int vp) {
        return new TraceEvent.VtlReturn(new At(0, 0, vp, 1), 0, "fast");
    }

    private static TraceEvent intercept(int vp) {
        return new TraceEvent.Intercept(new At(0, 0, vp, 0), "memory", 0x1000, "read");
    }

    private static TraceEvent suspend(int vp) {
        return new TraceEvent.Suspend(new At(0, 0, vp, 0), 0, 0, 2, "flush");
    }

    @Test
    void shouldPrintALineOnlyWhereSomethingHappened() {
        LevelPicture picture = picture(1, false);
        picture.frame();
        assertEquals("", drawn());
        picture.happened(entry(0, "call"));
        picture.frame();
        picture.frame();
        assertEquals(1, drawn().lines().count(), drawn());
        assertTrue(drawn().startsWith("VP 0 in level 1:    1 calls   0 interrupts"), drawn());
    }

    @Test
    void shouldDrawAStripAProcessor() {
        LevelPicture picture = picture(2, true);
        picture.frame();
        picture.happened(entry(0, "call"));
        picture.happened(suspend(1));
        picture.frame();
        picture.frame();
        picture.happened(back(0));
        picture.frame();
        picture.happened(intercept(0));
        picture.frame();
        List<String> lines = drawn().lines().toList();
        assertTrue(lines.get(lines.size() - 2).endsWith("VP 0  .+#.!"), drawn());
        assertTrue(lines.getLast().endsWith("VP 1  .z..."), drawn());
    }

    @Test
    void shouldSumUpWhatHappened() {
        LevelPicture picture = picture(2, false);
        List.of(entry(0, "call"), back(0), entry(1, "interrupt"), back(1), intercept(0), suspend(1), entry(7, "call"))
                .forEach(picture::happened);
        picture.frame();
        picture.facts();
        assertTrue(drawn().contains("called 1 times, took 1 interrupts and was told of 1 accesses"), drawn());
        assertTrue(drawn().contains("flushes waited 1 times"), drawn());
    }
}
