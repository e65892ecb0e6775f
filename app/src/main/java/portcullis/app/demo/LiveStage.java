package portcullis.app.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import portcullis.hypervisor.trace.TraceEvent;

/** A strip of time for each VP, redrawn in place. */
final class LiveStage implements Stage {
    private static final long COLUMN_NANOS = 50_000_000;
    private static final int LABEL = 7;
    private static final int WORDS = 48;
    private static final int LEAST_STRIP = 12;

    private final PrintStream out;
    private final boolean fine;
    private final int width;
    private final int columns;
    private final List<VpStrip> strips = new ArrayList<>();
    private String chapter = "";
    private String doing = "";
    private String counted = "";
    private long columnEnds = System.nanoTime() + COLUMN_NANOS;
    private boolean drawn;

    /**
     * @param width of the terminal, in columns
     * @param fine whether it shows more than ASCII
     */
    LiveStage(PrintStream out, int processors, int width, boolean fine) {
        this.out = out;
        this.fine = fine;
        this.width = width;
        columns = Math.max(LEAST_STRIP, width - LABEL - WORDS - 2);
        for (int vp = 0; vp < processors; vp++) {
            strips.add(new VpStrip(columns));
        }
    }

    @Override
    public void happened(TraceEvent event) {
        strips.get(event.at().vp()).happened(event);
    }

    @Override
    public boolean takesMany() {
        return true;
    }

    @Override
    public void chapter(String what) {
        chapter = what;
        doing = "";
    }

    @Override
    public void doing(String what) {
        doing = what;
    }

    @Override
    public void count(String numbers) {
        counted = numbers;
    }

    @Override
    public void tick() {
        long now = System.nanoTime();
        if (now - columnEnds < 0) {
            return;
        }
        // A host that stood still for long leaves no more columns than there are.
        for (int i = 0; now - columnEnds >= 0 && i < columns; i++) {
            columnEnds += COLUMN_NANOS;
            strips.forEach(VpStrip::advance);
        }
        columnEnds = Math.max(columnEnds, now);
        draw();
    }

    private void draw() {
        StringBuilder picture = new StringBuilder();
        if (drawn) {
            picture.append("\033[").append(lines()).append("A");
        }
        drawn = true;
        for (int vp = 0; vp < strips.size(); vp++) {
            VpStrip strip = strips.get(vp);
            String label = "vp " + vp;
            picture.append('\r').append(label).repeat(' ', LABEL - label.length());
            picture.append(strip.strip(fine)).append(' ');
            picture.append(cut(strip.words(), Math.max(0, width - LABEL - columns - 2)));
            picture.append("\033[K\n");
        }
        line(picture, "host   " + chapter + (doing.isEmpty() ? "" : ": " + doing));
        line(picture, "       " + counted);
        out.print(picture);
        out.flush();
    }

    private void line(StringBuilder picture, String text) {
        picture.append('\r').append(cut(text, width - 1)).append("\033[K\n");
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most);
    }

    private int lines() {
        return strips.size() + 2;
    }

    @Override
    public void close() {
        strips.forEach(VpStrip::advance);
        draw();
    }
}
