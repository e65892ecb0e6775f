package portcullis.engine;

/** Why {@link VirtualCpu#run} returned. The details are in {@link VirtualCpu#exit}. */
public enum ExitReason {
    /** IN or INS: supply {@link ExitDetails#value} before the next run. */
    PORT_READ,
    /** OUT or OUTS. */
    PORT_WRITE,
    /** A read where there is no memory: supply {@link ExitDetails#value} before the next run. */
    MMIO_READ,
    /** A write where there is no memory, or to ROM. */
    MMIO_WRITE,
    /** RDMSR of a register that the engine does not keep: supply {@link ExitDetails#value} or set {@link ExitDetails#fault}. */
    MSR_READ,
    /** WRMSR of a register that the engine does not keep: set {@link ExitDetails#fault} to refuse it with #GP(0). */
    MSR_WRITE,
    /** VMCALL or VMMCALL; the instruction pointer is still on it. The caller moves it on, or leaves it to issue it again. */
    HYPERCALL,
    /** HLT (or MWAIT); the instruction pointer is behind it. */
    HALT,
    /** MOV to CR8 lowered the task priority: pending interrupts may have become deliverable. */
    TASK_PRIORITY,
    /** WRMSR moved the time-stamp counter: what waits for a value of it has another moment to wait for. */
    TIME_STAMP,
    /** {@link VirtualCpu#requestInterruptWindow} was asked for and an interrupt can be injected now. */
    INTERRUPT_WINDOW,
    /**
     * A memory access that the view's protections refuse. Nothing of the instruction has happened, and the instruction pointer is
     * on it; for a refused fetch it is the target. An event whose delivery was refused is pending again, or will be raised again
     * by its instruction. The next run starts the instruction anew, device accesses that it made before included.
     */
    ACCESS_DENIED,
    /**
     * An instruction accesses a register that is intercepted ({@link VirtualCpu#interceptRegisters}). Nothing of it has happened,
     * and the instruction pointer is on it; the next run starts it anew. Faults by mode, privilege level and (but for LMSW,
     * which needs the value) segment come before, all others behind.
     */
    REGISTER_INTERCEPT,
    /** Triple fault. */
    SHUTDOWN,
    /** {@link VirtualCpu#kick} was called. */
    KICKED,
    /** The instruction budget is used up. */
    BUDGET,
    /** The instruction pointer is at one of {@link Engine#setBreakpoints}; the instruction has not been executed. */
    BREAKPOINT
}
