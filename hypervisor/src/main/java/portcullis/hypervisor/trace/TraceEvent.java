package portcullis.hypervisor.trace;

import portcullis.engine.ExitReason;

/**
 * Something that happened to a VP. Immutable. The recorded form has the same names: {@code portcullis.Suspend} with the fields of
 * {@link Suspend}. Durations are in nanoseconds of guest time, like {@link At#time}.
 */
public sealed interface TraceEvent {
    At at();

    /** The kinds of events, by which they are asked for. */
    enum Kind {
        HYPERCALL,
        FLUSH,
        EXIT,
        INTERRUPT,
        MESSAGE,
        EVENT_FLAG,
        TIMER,
        SUSPEND,
        RESUME,
        INHIBIT,
        LIFT,
        CYCLE,
        VTL_ENTRY,
        VTL_RETURN,
        INTERCEPT,
        RUN_STATE;

        int bit() {
            return 1 << ordinal();
        }
    }

    default Kind kind() {
        return switch (this) {
            case Hypercall e -> Kind.HYPERCALL;
            case Flush e -> Kind.FLUSH;
            case Exit e -> Kind.EXIT;
            case Interrupt e -> Kind.INTERRUPT;
            case Message e -> Kind.MESSAGE;
            case EventFlag e -> Kind.EVENT_FLAG;
            case Timer e -> Kind.TIMER;
            case Suspend e -> Kind.SUSPEND;
            case Resume e -> Kind.RESUME;
            case Inhibit e -> Kind.INHIBIT;
            case Lift e -> Kind.LIFT;
            case Cycle e -> Kind.CYCLE;
            case VtlEntry e -> Kind.VTL_ENTRY;
            case VtlReturn e -> Kind.VTL_RETURN;
            case Intercept e -> Kind.INTERCEPT;
            case RunStateChange e -> Kind.RUN_STATE;
        };
    }

    /**
     * A hypercall that completed, or one time slice of a rep call (TLFS, "Hypercall continuation").
     *
     * @param code call code
     * @param name as in the specification; empty where it has none
     * @param fast input in registers
     * @param repStart index of the first element of this slice
     * @param repCount elements in all; 0 for a simple call
     * @param repsDone elements completed, {@code repStart} included
     * @param status HV_STATUS
     * @param took duration
     */
    record Hypercall(
            At at,
            @Hex int code,
            String name,
            boolean fast,
            int repStart,
            int repCount,
            int repsDone,
            @Hex int status,
            long took)
            implements TraceEvent {}

    /**
     * A flush hypercall has passed all gates and has taken effect on every target.
     *
     * @param targets VP indexes, like {@code 0-3,7}
     * @param space address space (CR3 value); meaningless where {@code flags} say all
     * @param ranges entries of the list of addresses; 0 for whole spaces
     * @param flags HV_FLUSH_FLAGS
     */
    record Flush(
            At at,
            String targets,
            @Hex long space,
            int ranges,
            @Hex long flags) implements TraceEvent {}

    /**
     * An exit from guest code and what was done about it.
     *
     * @param subject port, MSR or guest physical address, by {@code reason}; else 0
     * @param took until it was dealt with
     */
    record Exit(At at, ExitReason reason, @Hex long subject, long took) implements TraceEvent {}

    /** An interrupt was given to the processor. @param vector 2 is an NMI */
    record Interrupt(At at, @Hex int vector) implements TraceEvent {}

    /**
     * A SynIC message for this VP.
     *
     * @param sint synthetic interrupt source, 0 to 15
     * @param type HV_MESSAGE_TYPE
     * @param size payload, in bytes
     * @param queued its slot was busy: it waits for EOM
     */
    record Message(At at, int sint, @Hex int type, int size, boolean queued) implements TraceEvent {}

    /**
     * A SynIC event flag of this VP was set.
     *
     * @param sint 0 to 15
     * @param flag 0 to 2047
     */
    record EventFlag(At at, int sint, int flag) implements TraceEvent {}

    /**
     * A synthetic timer expired.
     *
     * @param timer 0 to 3
     * @param sint where its message goes; -1 in direct mode
     * @param vector in direct mode; else -1
     * @param late how long after it was due
     */
    record Timer(At at, int timer, int sint, int vector, long late) implements TraceEvent {}

    /**
     * A flush hypercall met a shut gate: the caller's context is suspended.
     *
     * @param waitingOn VP index
     * @param rip of the hypercall instruction
     * @param code call code
     * @param name as in the specification
     */
    record Suspend(At at, int waitingOn, @Hex long rip, @Hex int code, String name) implements TraceEvent {}

    /**
     * A suspended context goes on.
     *
     * @param waitedFor VP index
     * @param suspended for how long
     */
    record Resume(At at, int waitedFor, ResumeReason why, long suspended) implements TraceEvent {}

    /**
     * Flushes of this VP are inhibited from here on.
     *
     * @param reason host, intercept, TlbLocked by VTL n
     * @param took how long the caller waited for flushes that were passing
     * @param passing how many there were
     */
    record Inhibit(At at, String reason, long took, int passing) implements TraceEvent {}

    /**
     * A reason to inhibit flushes of this VP is gone.
     *
     * @param last no other reason is left: the gate is open
     * @param resumed contexts that were told to go on
     * @param took how long the caller needed
     */
    record Lift(At at, String reason, boolean last, int resumed, long took) implements TraceEvent {}

    /** Suspended VPs wait for each other; this one closed the circle. @param cycle who waits on whom and why, for each */
    record Cycle(At at, String cycle) implements TraceEvent {}

    /** A higher trust level becomes active; {@link At#vtl} is the one left. @param reason call, interrupt or intercept */
    record VtlEntry(At at, int to, String reason) implements TraceEvent {}

    /** A lower trust level becomes active again; {@link At#vtl} is the one left. @param reason of the entry that ends */
    record VtlReturn(At at, int to, String reason) implements TraceEvent {}

    /**
     * An access of this level is reported to a higher one.
     *
     * @param type memory; the name of a control or table register, or MSR; INIT, SIPI, hypercall
     * @param gpa guest physical address; what a register is to hold; the number of an MSR; where a call is
     * @param access read, write or execute
     */
    record Intercept(At at, String type, @Hex long gpa, String access) implements TraceEvent {}

    /** A trust level of a VP runs, halts, and so on. */
    record RunStateChange(At at, RunState state) implements TraceEvent {}
}
