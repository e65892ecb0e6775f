package portcullis.hypervisor.trace;

import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.InterceptedRegister;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.tlfs.HypercallCode;

/**
 * Where a VP's events are emitted, from any thread. While nobody wants an event its method costs a test of {@link Tracing#wanted}
 * and allocates nothing; so it is called without asking first. See {@link TraceEvent} for what the parameters mean.
 */
public final class VpTrace {
    // Constants for the JIT, which does not fold an enum's fields.
    private static final int HYPERCALL = Kind.HYPERCALL.bit();
    private static final int FLUSH = Kind.FLUSH.bit();
    private static final int EXIT = Kind.EXIT.bit();
    private static final int INTERRUPT = Kind.INTERRUPT.bit();
    private static final int MESSAGE = Kind.MESSAGE.bit();
    private static final int EVENT_FLAG = Kind.EVENT_FLAG.bit();
    private static final int TIMER = Kind.TIMER.bit();
    private static final int SUSPEND = Kind.SUSPEND.bit();
    private static final int RESUME = Kind.RESUME.bit();
    private static final int INHIBIT = Kind.INHIBIT.bit();
    private static final int LIFT = Kind.LIFT.bit();
    private static final int CYCLE = Kind.CYCLE.bit();
    private static final int VTL_ENTRY = Kind.VTL_ENTRY.bit();
    private static final int VTL_RETURN = Kind.VTL_RETURN.bit();
    private static final int INTERCEPT = Kind.INTERCEPT.bit();
    private static final int RUN_STATE = Kind.RUN_STATE.bit();

    /** Events that take time. */
    private static final int TIMED = HYPERCALL | EXIT | RESUME | INHIBIT | LIFT;

    private static final long NOT_BEGUN = -1;

    private final PartitionTrace partition;
    private final int vp;

    VpTrace(PartitionTrace partition, int vp) {
        this.partition = partition;
        this.vp = vp;
    }

    /** The moment from which an event counts that takes time; for its {@code began}. */
    public long begin() {
        return (Tracing.wanted & TIMED) == 0 ? NOT_BEGUN : partition.now();
    }

    private At now(int vtl) {
        return new At(partition.now(), partition.number(), vp, vtl);
    }

    /** Somebody may have begun to watch after {@link #begin}. */
    private long since(long began) {
        return began == NOT_BEGUN ? partition.now() : began;
    }

    private At at(long time, int vtl) {
        return new At(time, partition.number(), vp, vtl);
    }

    /**
     * A hypercall completed, or a slice of it.
     *
     * @param began from {@link #begin}
     * @param control the hypercall input value (TLFS, "Hypercall inputs")
     * @param result the hypercall result value
     */
    public void hypercall(int vtl, long began, long control, long result) {
        if ((Tracing.wanted & HYPERCALL) != 0) {
            emitHypercall(vtl, began, control, result);
        }
    }

    private void emitHypercall(int vtl, long began, long control, long result) {
        long start = since(began);
        int code = (int) control & 0xffff;
        Tracing.publish(new TraceEvent.Hypercall(
                at(start, vtl),
                code,
                name(code),
                (control >>> 16 & 1) != 0,
                (int) (control >>> 48) & 0xfff,
                (int) (control >>> 32) & 0xfff,
                (int) (result >>> 32) & 0xfff,
                (int) result & 0xffff,
                partition.now() - start));
    }

    /** @return as in the specification; empty where it has none */
    private static String name(int code) {
        HypercallCode call = HypercallCode.of(code);
        return call == null ? "" : call.specName();
    }

    /**
     * A flush took effect.
     *
     * @param targets a bit a VP index, 64 to an element
     */
    public void flushed(int vtl, long[] targets, long space, int ranges, long flags) {
        if ((Tracing.wanted & FLUSH) != 0) {
            Tracing.publish(new TraceEvent.Flush(now(vtl), VpList.text(targets), space, ranges, flags));
        }
    }

    /** An exit was dealt with. @param began from {@link #begin}, before that */
    public void exited(int vtl, long began, ExitDetails exit) {
        if ((Tracing.wanted & EXIT) != 0) {
            emitExit(vtl, began, exit.reason, subject(exit));
        }
    }

    private void emitExit(int vtl, long began, ExitReason reason, long subject) {
        long start = since(began);
        long took = partition.now() - start;
        if (took >= Tracing.minimumExit) {
            Tracing.publish(new TraceEvent.Exit(at(start, vtl), reason, subject, took));
        }
    }

    private static long subject(ExitDetails exit) {
        return switch (exit.reason) {
            case PORT_READ, PORT_WRITE -> exit.port;
            case MMIO_READ, MMIO_WRITE, ACCESS_DENIED -> exit.gpa;
            case MSR_READ, MSR_WRITE -> Integer.toUnsignedLong(exit.msr);
            case REGISTER_INTERCEPT ->
                exit.register == InterceptedRegister.MSR ? Integer.toUnsignedLong(exit.msr) : exit.value;
            case HYPERCALL, HALT, TASK_PRIORITY, TIME_STAMP, INTERRUPT_WINDOW, SHUTDOWN, KICKED, BUDGET, BREAKPOINT ->
                0;
        };
    }

    /** An interrupt was given to the processor; an NMI as vector 2. */
    public void injected(int vtl, int vector) {
        if ((Tracing.wanted & INTERRUPT) != 0) {
            Tracing.publish(new TraceEvent.Interrupt(now(vtl), vector));
        }
    }

    /** A message went into its slot, or ({@code queued}) waits for it. */
    public void message(int vtl, int sint, int type, int size, boolean queued) {
        if ((Tracing.wanted & MESSAGE) != 0) {
            Tracing.publish(new TraceEvent.Message(now(vtl), sint, type, size, queued));
        }
    }

    public void eventFlag(int vtl, int sint, int flag) {
        if ((Tracing.wanted & EVENT_FLAG) != 0) {
            Tracing.publish(new TraceEvent.EventFlag(now(vtl), sint, flag));
        }
    }

    /** A synthetic timer expired. {@code sint} is -1 in direct mode, {@code vector} -1 in the other. {@code late}: nanoseconds. */
    public void timer(int vtl, int timer, int sint, int vector, long late) {
        if ((Tracing.wanted & TIMER) != 0) {
            Tracing.publish(new TraceEvent.Timer(now(vtl), timer, sint, vector, late));
        }
    }

    /** This VP's context waits at the gate of VP {@code waitingOn}. */
    public void suspended(int vtl, int waitingOn, long rip, int code) {
        if ((Tracing.wanted & SUSPEND) != 0) {
            Tracing.publish(new TraceEvent.Suspend(now(vtl), waitingOn, rip, code, name(code)));
        }
    }

    /** @param began from {@link #begin}, when it was suspended */
    public void resumed(int vtl, long began, int waitedFor, ResumeReason why) {
        if ((Tracing.wanted & RESUME) != 0) {
            At at = now(vtl);
            Tracing.publish(new TraceEvent.Resume(at, waitedFor, why, began == NOT_BEGUN ? 0 : at.time() - began));
        }
    }

    /** Flushes of this VP are inhibited. @param began from {@link #begin}, before the wait for {@code passing} flushes */
    public void inhibited(int vtl, long began, InhibitReason reason, int passing) {
        if ((Tracing.wanted & INHIBIT) != 0) {
            long start = since(began);
            String why = InhibitReason.describe(reason.bit());
            Tracing.publish(new TraceEvent.Inhibit(at(start, vtl), why, partition.now() - start, passing));
        }
    }

    /**
     * @param began from {@link #begin}, before the reasons were cleared
     * @param reasons bits of {@link InhibitReason}
     */
    public void lifted(int vtl, long began, int reasons, boolean last, int resumed) {
        if ((Tracing.wanted & LIFT) != 0) {
            long start = since(began);
            String why = InhibitReason.describe(reasons);
            Tracing.publish(new TraceEvent.Lift(at(start, vtl), why, last, resumed, partition.now() - start));
        }
    }

    /** This VP's suspension closed a circle of waits. */
    public void cycle(int vtl, List<Wait> circle) {
        if ((Tracing.wanted & CYCLE) != 0) {
            String spelled =
                    String.join("; ", circle.stream().map(Wait::toString).toList());
            Tracing.publish(new TraceEvent.Cycle(now(vtl), spelled));
        }
    }

    public void vtlEntered(int from, int to, String reason) {
        if ((Tracing.wanted & VTL_ENTRY) != 0) {
            Tracing.publish(new TraceEvent.VtlEntry(now(from), to, reason));
        }
    }

    public void vtlReturned(int from, int to, String reason) {
        if ((Tracing.wanted & VTL_RETURN) != 0) {
            Tracing.publish(new TraceEvent.VtlReturn(now(from), to, reason));
        }
    }

    /** @param vtl whose access it was */
    public void intercepted(int vtl, String type, long gpa, String access) {
        if ((Tracing.wanted & INTERCEPT) != 0) {
            Tracing.publish(new TraceEvent.Intercept(now(vtl), type, gpa, access));
        }
    }

    public void runState(int vtl, RunState state) {
        if ((Tracing.wanted & RUN_STATE) != 0) {
            Tracing.publish(new TraceEvent.RunStateChange(now(vtl), state));
        }
    }
}
