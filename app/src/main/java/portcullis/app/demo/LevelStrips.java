package portcullis.app.demo;

import java.io.PrintStream;
import portcullis.hypervisor.trace.TraceEvent;

/** Who is in which trust level, below the lines of a story on a terminal: a strip a VP, a column a thing that happened. */
final class LevelStrips {
    private static final String LEGEND =
            "       . level 0   # level 1   ! level 0 is stopped at what level 1 hides   z waits for a flush of a locked TLB";

    private static final int LABEL = 7;
    private static final int LEAST = 20;

    private final PrintStream out;
    private final int columns;
    private final StringBuilder[] strips;
    private final int[] levels;
    private final boolean[] suspended;
    private boolean drawn;

    /** @param width of the terminal, in columns */
    LevelStrips(PrintStream out, int processors, int width) {
        this.out = out;
        columns = Math.max(LEAST, width - LABEL - 1);
        strips = new StringBuilder[processors];
        levels = new int[processors];
        suspended = new boolean[processors];
        for (int vp = 0; vp < processors; vp++) {
            strips[vp] = new StringBuilder();
        }
    }

    /** A column more. */
    void happened(TraceEvent event) {
        int vp = event.at().vp();
        boolean stopped = false;
        switch (event) {
            case TraceEvent.VtlEntry entry -> levels[vp] = entry.to();
            case TraceEvent.VtlReturn back -> levels[vp] = back.to();
            case TraceEvent.Intercept intercept -> stopped = true;
            case TraceEvent.Suspend suspend -> suspended[vp] = true;
            case TraceEvent.Resume resume -> suspended[vp] = false;
            default -> {
                // No other state.
            }
        }
        for (int each = 0; each < strips.length; each++) {
            StringBuilder strip = strips[each];
            strip.append(stopped && each == vp ? '!' : suspended[each] ? 'z' : levels[each] == 0 ? '.' : '#');
            if (strip.length() > columns) {
                strip.deleteCharAt(0);
            }
        }
    }

    /** Prints a line above the strips, and draws those anew. */
    void below(String line) {
        StringBuilder text = new StringBuilder();
        if (drawn) {
            text.append("\033[").append(strips.length + 1).append("A\r\033[J");
        }
        drawn = true;
        text.append(line).append('\n');
        for (int vp = 0; vp < strips.length; vp++) {
            String label = "vp " + vp;
            text.append(label)
                    .repeat(' ', LABEL - label.length())
                    .append(strips[vp])
                    .append('\n');
        }
        text.append(LEGEND, 0, Math.min(LEGEND.length(), columns + LABEL)).append('\n');
        out.print(text);
        out.flush();
    }
}
