package portcullis.app.console;

import java.io.PrintStream;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceListener;

/**
 * Who is in which trust level: a strip a processor, a column a frame. On a terminal the strips are drawn over themselves; elsewhere
 * each column becomes a line where something happened. Listens on any thread; {@link #frame} is one thread's.
 */
public final class LevelPicture implements TraceListener {
    /** What to subscribe to. */
    public static final Set<TraceEvent.Kind> KINDS = Set.of(
            TraceEvent.Kind.VTL_ENTRY,
            TraceEvent.Kind.VTL_RETURN,
            TraceEvent.Kind.INTERCEPT,
            TraceEvent.Kind.SUSPEND,
            TraceEvent.Kind.RESUME);

    private static final int COLUMNS = 60;
    private static final String LEGEND =
            "   . normal   + both   # secure   ! stopped at hidden memory   z waits for a locked TLB";

    private static final int CALLS = 0;
    private static final int INTERRUPTS = 1;
    private static final int INTERCEPTS = 2;
    private static final int SUSPENSIONS = 3;
    private static final int FACTS = 4;

    private final int vps;
    private final PrintStream out;
    private final boolean terminal;
    private final AtomicIntegerArray level;
    /** What happened since the last frame, a row of facts a processor. */
    private final AtomicLongArray recent;

    private final long[] total = new long[FACTS];
    private final StringBuilder[] strips;
    private boolean drawn;

    public LevelPicture(int vps, PrintStream out, boolean terminal) {
        this.vps = vps;
        this.out = out;
        this.terminal = terminal;
        level = new AtomicIntegerArray(vps);
        recent = new AtomicLongArray(vps * FACTS);
        strips = new StringBuilder[vps];
        for (int vp = 0; vp < vps; vp++) {
            strips[vp] = new StringBuilder();
        }
    }

    @Override
    public void happened(TraceEvent event) {
        int vp = event.at().vp();
        if (vp < 0 || vp >= vps) {
            return;
        }
        switch (event) {
            case TraceEvent.VtlEntry entry -> {
                level.set(vp, entry.to());
                if (entry.reason().equals("call")) {
                    count(vp, CALLS);
                } else if (entry.reason().equals("interrupt")) {
                    count(vp, INTERRUPTS);
                }
            }
            case TraceEvent.VtlReturn back -> level.set(vp, back.to());
            case TraceEvent.Intercept intercept -> count(vp, INTERCEPTS);
            case TraceEvent.Suspend suspend -> count(vp, SUSPENSIONS);
            default -> {
                // Nothing that is drawn.
            }
        }
    }

    private void count(int vp, int fact) {
        recent.incrementAndGet(vp * FACTS + fact);
    }

    /** Draws what has happened since the last frame. */
    public void frame() {
        StringBuilder line = new StringBuilder();
        boolean something = false;
        for (int vp = 0; vp < vps; vp++) {
            long[] now = new long[FACTS];
            long sum = 0;
            for (int fact = 0; fact < FACTS; fact++) {
                now[fact] = recent.getAndSet(vp * FACTS + fact, 0);
                total[fact] += now[fact];
                sum += now[fact];
            }
            something |= sum != 0;
            strips[vp].append(symbol(now, level.get(vp)));
            if (strips[vp].length() > COLUMNS) {
                strips[vp].deleteCharAt(0);
            }
            line.append("  VP %d in level %d: %4d calls %3d interrupts %3d intercepts %3d waits"
                    .formatted(vp, level.get(vp), now[CALLS], now[INTERRUPTS], now[INTERCEPTS], now[SUSPENSIONS]));
        }
        if (!terminal) {
            if (something) {
                out.println(line.substring(2));
            }
            return;
        }
        if (drawn) {
            out.print("\033[" + vps + "A");
        } else {
            out.println(LEGEND);
        }
        drawn = true;
        for (int vp = 0; vp < vps; vp++) {
            out.printf("\033[2KVP %-2d %s%n", vp, strips[vp]);
        }
        out.flush();
    }

    private static char symbol(long[] now, int level) {
        if (now[SUSPENSIONS] != 0) {
            return 'z';
        }
        if (now[INTERCEPTS] != 0) {
            return '!';
        }
        if (now[CALLS] + now[INTERRUPTS] != 0) {
            return '+';
        }
        return level == 0 ? '.' : '#';
    }

    /** What it comes to. */
    public void facts() {
        out.printf(
                "level 1 was called %d times, took %d interrupts and was told of %d accesses to what it hides;%n"
                        + "flushes waited %d times for a locked TLB%n",
                total[CALLS], total[INTERRUPTS], total[INTERCEPTS], total[SUSPENSIONS]);
    }
}
