package portcullis.hypervisor.schedule;

import java.util.function.Consumer;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.VpObserver;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A run as text, a line a slice: {@code slice 12 vp 1 tick 40210 rip 0x1000 budget 812 exits PORT_WRITE*3 BUDGET vectors 0x31
 * ran 812}. Runs of the same seed and inputs give the same bytes.
 */
final class SliceTrace implements VpObserver {
    private final Consumer<String> lines;
    private final StringBuilder line = new StringBuilder();
    private final StringBuilder vectors = new StringBuilder();
    private long number;
    private ExitReason last;
    private int repeats;

    SliceTrace(Consumer<String> lines) {
        this.lines = lines;
    }

    void begin(int vp, long tick, long rip, long budget) {
        line.setLength(0);
        vectors.setLength(0);
        last = null;
        repeats = 0;
        line.append("slice ")
                .append(number++)
                .append(" vp ")
                .append(vp)
                .append(" tick ")
                .append(tick);
        line.append(" rip 0x").append(Long.toHexString(rip)).append(" budget ").append(budget);
    }

    @Override
    public void exited(ExitDetails exit) {
        // Kicks and breakpoints are the host's, and mean nothing to the guest.
        if (exit.reason == ExitReason.KICKED || exit.reason == ExitReason.BREAKPOINT) {
            return;
        }
        if (exit.reason == last) {
            repeats++;
            return;
        }
        if (last == null) {
            line.append(" exits");
        }
        endRun();
        last = exit.reason;
        repeats = 1;
        line.append(' ').append(last);
    }

    private void endRun() {
        if (repeats > 1) {
            line.append('*').append(repeats);
        }
    }

    @Override
    public void injected(int vector) {
        vectors.append(vectors.isEmpty() ? " vectors 0x" : " 0x").append(Integer.toHexString(vector));
    }

    void end(long ran) {
        endRun();
        lines.accept(line.append(vectors).append(" ran ").append(ran).toString());
    }

    void idle(long from, long to) {
        lines.accept("idle tick " + from + " to " + to);
    }

    void save(StateWriter out) {
        out.putString(line.toString());
        out.putString(vectors.toString());
        out.putLong(number);
        out.putBoolean(last != null);
        if (last != null) {
            out.putEnum(last);
        }
        out.putInt(repeats);
    }

    void restore(StateReader in) {
        line.setLength(0);
        line.append(in.getString());
        vectors.setLength(0);
        vectors.append(in.getString());
        number = in.getLong();
        last = in.getBoolean() ? in.getEnum(ExitReason.class) : null;
        repeats = in.getInt();
    }
}
