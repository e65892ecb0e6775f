package portcullis.app.demo;

import java.util.Arrays;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.TraceEvent;

/** One VP as a strip of time, the present at its right end, and in words. */
final class VpStrip {
    /** What a piece of time was like, the most notable last. */
    enum Look {
        ABSENT(' ', ' ', "0"),
        HALTED('.', '\u00b7', "2"),
        RUNNING('-', '\u2501', "32"),
        INHIBITED('=', '\u2593', "33"),
        SUSPENDED('#', '\u2591', "31");

        final char plain;
        final char fine;
        /** ANSI: what comes between ESC [ and m. */
        final String colour;

        Look(char plain, char fine, String colour) {
            this.plain = plain;
            this.fine = fine;
            this.colour = colour;
        }
    }

    private final Look[] past;
    private int next;
    private RunState state = RunState.WAIT_FOR_STARTUP;
    private int waitingOn = -1;
    private String call = "";
    private boolean inhibited;
    /** The most notable since the last {@link #advance}: what lasts shorter than a column is shown, too. */
    private Look seen = Look.ABSENT;

    VpStrip(int columns) {
        past = new Look[columns];
        Arrays.fill(past, Look.ABSENT);
    }

    void happened(TraceEvent event) {
        switch (event) {
            case TraceEvent.RunStateChange e -> state = e.state();
            case TraceEvent.Suspend e -> {
                waitingOn = e.waitingOn();
                call = e.name();
            }
            case TraceEvent.Resume e -> waitingOn = -1;
            case TraceEvent.Inhibit e -> inhibited = true;
            case TraceEvent.Lift e -> inhibited = !e.last();
            default -> {
                // Does not change what the VP is about.
            }
        }
        seen = more(seen, look());
    }

    private static Look more(Look one, Look other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    private Look look() {
        if (waitingOn >= 0) {
            return Look.SUSPENDED;
        }
        return switch (state) {
            case WAIT_FOR_STARTUP -> Look.ABSENT;
            case HALTED -> Look.HALTED;
            case RUNNING, SUSPENDED, INACTIVE -> inhibited ? Look.INHIBITED : Look.RUNNING;
        };
    }

    /** A column of time is over. */
    void advance() {
        past[next] = more(seen, look());
        next = (next + 1) % past.length;
        seen = look();
    }

    /** @param fine whether the terminal shows more than ASCII */
    String strip(boolean fine) {
        StringBuilder text = new StringBuilder();
        Look last = null;
        for (int i = 0; i < past.length; i++) {
            Look each = past[(next + i) % past.length];
            if (each != last) {
                text.append("\033[").append(each.colour).append('m');
                last = each;
            }
            text.append(fine ? each.fine : each.plain);
        }
        return text.append("\033[0m").toString();
    }

    /** The present, in words. */
    String words() {
        if (waitingOn >= 0) {
            return "suspended on vp " + waitingOn + (call.isEmpty() ? "" : " in " + call.replaceFirst("^HvCall", ""));
        }
        return switch (state) {
            case WAIT_FOR_STARTUP -> "waits for start-up";
            case HALTED -> "halted";
            case RUNNING, SUSPENDED, INACTIVE -> inhibited ? "running, flushes inhibited" : "running";
        };
    }
}
