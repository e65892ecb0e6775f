package portcullis.hypervisor.trace;

import java.util.Locale;
import portcullis.tlfs.HvStatus;

/** Events as lines for people: {@code 0.001234567 vp 0 vtl 0 suspending vp 0 waiting on vp 1: ...}. */
public final class TraceText {
    private static final long NANOS = 1_000_000_000L;
    private static final int NMI = 2;

    private TraceText() {}

    /** Guest time in seconds, VP, trust level, what happened. One line, without its end. */
    public static String line(TraceEvent event) {
        At at = event.at();
        StringBuilder line = new StringBuilder(120);
        String seconds = Long.toString(at.time() / NANOS);
        line.repeat(' ', Math.max(0, 5 - seconds.length())).append(seconds).append('.');
        String fraction = Long.toString(at.time() % NANOS);
        line.repeat('0', 9 - fraction.length()).append(fraction);
        if (at.partition() != 0) {
            line.append(" partition ").append(at.partition());
        }
        line.append(" vp ").append(at.vp()).append(" vtl ").append(at.vtl()).append(' ');
        return line.append(what(event)).toString();
    }

    /** What happened, without when and where. */
    public static String what(TraceEvent event) {
        int vp = event.at().vp();
        return switch (event) {
            case TraceEvent.Hypercall e -> hypercall(e);
            case TraceEvent.Flush e -> flush(e);
            case TraceEvent.Exit e -> "exit " + e.reason() + subject(e) + ", took " + micros(e.took());
            case TraceEvent.Interrupt e -> e.vector() == NMI ? "NMI" : "interrupt " + hex(e.vector());
            case TraceEvent.Message e ->
                "message " + hex(e.type()) + " on sint " + e.sint() + ", " + e.size() + " bytes"
                        + (e.queued() ? ", queued" : "");
            case TraceEvent.EventFlag e -> "event flag " + e.flag() + " on sint " + e.sint();
            case TraceEvent.Timer e ->
                "timer " + e.timer() + " expired, "
                        + (e.sint() < 0 ? "interrupt " + hex(e.vector()) : "message on sint " + e.sint()) + ", late "
                        + micros(e.late());
            case TraceEvent.Suspend e ->
                "suspending vp " + vp + " waiting on vp " + e.waitingOn() + ": " + call(e.name(), e.code()) + " at "
                        + hex(e.rip());
            case TraceEvent.Resume e ->
                "resuming vp " + vp + " after waiting " + micros(e.suspended()) + " on vp " + e.waitedFor() + ": "
                        + word(e.why());
            case TraceEvent.Inhibit e ->
                "inhibiting flushes of vp " + vp + " for " + e.reason() + ", waited " + micros(e.took()) + " for "
                        + count(e.passing(), "flush", "flushes") + " to pass";
            case TraceEvent.Lift e ->
                "lifting inhibit of vp " + vp + " for " + e.reason() + ", "
                        + (e.last() ? "gate open" : "gate still shut") + ", " + count(e.resumed(), "vp", "vps")
                        + " resumed, took " + micros(e.took());
            case TraceEvent.Cycle e -> "circular wait: " + e.cycle();
            case TraceEvent.VtlEntry e -> "entering vtl " + e.to() + " by " + e.reason();
            case TraceEvent.VtlReturn e -> "returning to vtl " + e.to() + " from " + e.reason();
            case TraceEvent.Intercept e -> "intercept " + e.type() + ", " + e.access() + " of " + hex(e.gpa());
            case TraceEvent.RunStateChange e -> word(e.state());
        };
    }

    private static String hypercall(TraceEvent.Hypercall e) {
        StringBuilder text = new StringBuilder("hypercall ").append(call(e.name(), e.code()));
        if (e.fast()) {
            text.append(" fast");
        }
        if (e.repCount() != 0) {
            text.append(" rep ").append(e.repStart()).append("..").append(e.repsDone());
            text.append(" of ").append(e.repCount());
        }
        text.append(": ").append(HvStatus.name(e.status()));
        return text.append(", took ").append(micros(e.took())).toString();
    }

    private static final String[] FLUSH_FLAGS = {
        "all processors", "all address spaces", "non-global only", "extended ranges"
    };

    private static String flush(TraceEvent.Flush e) {
        StringBuilder text = new StringBuilder("flush of vps ").append(e.targets());
        text.append(", space ").append(hex(e.space())).append(", ");
        text.append(e.ranges() == 0 ? "everything" : count(e.ranges(), "range", "ranges"));
        for (int bit = 0; bit < FLUSH_FLAGS.length; bit++) {
            if ((e.flags() >>> bit & 1) != 0) {
                text.append(", ").append(FLUSH_FLAGS[bit]);
            }
        }
        return text.toString();
    }

    private static String subject(TraceEvent.Exit e) {
        return switch (e.reason()) {
            case PORT_READ, PORT_WRITE, MMIO_READ, MMIO_WRITE, MSR_READ, MSR_WRITE, ACCESS_DENIED, REGISTER_INTERCEPT ->
                " " + hex(e.subject());
            case HYPERCALL, HALT, TASK_PRIORITY, TIME_STAMP, INTERRUPT_WINDOW, SHUTDOWN, KICKED, BUDGET, BREAKPOINT ->
                "";
        };
    }

    /** {@code HvCallSomething (0x0002)}. */
    private static String call(String name, int code) {
        String digits = Integer.toHexString(code);
        String number = "0x" + "0".repeat(Math.max(0, 4 - digits.length())) + digits;
        return name.isEmpty() ? number : name + " (" + number + ")";
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String count(int number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }

    /** {@code WAIT_FOR_STARTUP} as {@code wait for startup}. */
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Nanoseconds as {@code 1.234 us}. */
    static String micros(long nanos) {
        String fraction = Long.toString(Math.abs(nanos) % 1000);
        return (nanos < 0 ? "-" : "") + Math.abs(nanos) / 1000 + "." + "0".repeat(3 - fraction.length()) + fraction
                + " us";
    }
}
