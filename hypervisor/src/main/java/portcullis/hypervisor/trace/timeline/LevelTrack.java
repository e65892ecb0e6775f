package portcullis.hypervisor.trace.timeline;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import portcullis.hypervisor.trace.EventFields;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.TraceEvent;

/** The run states of one trust level of one VP, one slice after the other. */
final class LevelTrack {
    private static final String RUNNING = "running";

    private final Track track;
    private final List<Mark> marks;

    /** What it is about; null for nothing that is known. */
    private String slice;

    /** What it was about when another level became active. */
    private String left = RUNNING;

    /** Of the suspension that lasts; null while there is none. */
    private TraceEvent.Suspend suspension;

    private long arrow;

    LevelTrack(Track track, List<Mark> marks) {
        this.track = track;
        this.marks = marks;
    }

    void state(long time, RunState state) {
        switch (state) {
            case RUNNING -> {
                resume(time);
                if (!RUNNING.equals(slice)) {
                    begin(time, RUNNING, Map.of(), 0, false);
                }
            }
            case SUSPENDED -> {
                if (suspension == null) {
                    begin(time, "suspended", Map.of(), 0, false);
                }
            }
            case INACTIVE -> leave(time);
            case HALTED, WAIT_FOR_STARTUP -> {
                suspension = null;
                begin(time, state.name().toLowerCase(Locale.ROOT).replace('_', ' '), Map.of(), 0, false);
            }
        }
    }

    void suspend(TraceEvent.Suspend event, long number) {
        suspension = event;
        arrow = number;
        begin(event.at().time(), "suspended on vp " + event.waitingOn(), EventFields.of(event), arrow, false);
    }

    /** Goes on, if it is suspended. */
    void resume(long time) {
        if (suspension != null) {
            suspension = null;
            begin(time, RUNNING, Map.of(), arrow, true);
        }
    }

    /** Another level becomes active. Who is suspended stays so. */
    void leave(long time) {
        if (suspension == null) {
            left = slice == null ? RUNNING : slice;
            close(time);
        }
    }

    void enter(long time) {
        if (suspension == null && slice == null) {
            begin(time, left, Map.of(), 0, false);
        }
    }

    boolean waitsFor(int partition, int vp) {
        return suspension != null && track.partition() == partition && suspension.waitingOn() == vp;
    }

    /** Of the suspension that lasts. */
    long arrow() {
        return arrow;
    }

    private void begin(long time, String name, Map<String, Object> details, long flow, boolean flowEnds) {
        close(time);
        slice = name;
        marks.add(new Mark.Begin(track.id(), time, name, details, flow, flowEnds));
    }

    void close(long time) {
        if (slice != null) {
            marks.add(new Mark.End(track.id(), time));
            slice = null;
        }
    }
}
