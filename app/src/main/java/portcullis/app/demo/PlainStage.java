package portcullis.app.demo;

import java.io.PrintStream;
import java.util.Locale;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceText;

/** A line for each thing that happens, as long as that is not too many. */
final class PlainStage implements Stage {
    private static final double NANOS = 1e9;
    private static final int MOST_LINES = 60;

    private final PrintStream out;
    private int lines;

    PlainStage(PrintStream out) {
        this.out = out;
    }

    @Override
    public void happened(TraceEvent event) {
        if (lines < MOST_LINES) {
            lines++;
            out.printf(
                    Locale.ROOT,
                    "%11.6f  vp %d  %s%n",
                    event.at().time() / NANOS,
                    event.at().vp(),
                    TraceText.what(event));
        } else if (lines == MOST_LINES) {
            lines++;
            out.println("        ...");
        }
    }

    @Override
    public boolean takesMany() {
        return false;
    }

    @Override
    public void chapter(String what) {
        out.println("             host  " + what);
    }

    @Override
    public void doing(String what) {
        // The events that follow say so.
    }

    @Override
    public void count(String numbers) {
        // Only of interest while they change before one's eyes.
    }

    @Override
    public void tick() {
        // Lines stay as they are.
    }

    @Override
    public void close() {
        out.flush();
    }
}
