package portcullis.engine;

/**
 * The mutable, reused form of an exit; valid until the next {@link VirtualCpu#run}. Fields are meaningful for the reasons
 * named at each.
 */
public final class ExitDetails {
    public ExitReason reason = ExitReason.KICKED;
    /** Port exits: 0 to 0xffff. */
    public int port;
    /** Port exits: 1, 2 or 4 bytes. MMIO: 1 to 8. */
    public int size;
    /**
     * Port, MMIO and MSR: the value written, or, filled in by the caller before the next run, the value read.
     * REGISTER_INTERCEPT: what the register is to hold; for LDTR and TR the selector; nothing where {@link #memoryOperand}.
     */
    public long value;
    /** MMIO and ACCESS_DENIED: guest physical address. */
    public long gpa;
    /** ACCESS_DENIED: guest virtual address, where {@link #gvaValid}. REGISTER_INTERCEPT: of the {@link #memoryOperand}. */
    public long gva;

    public boolean gvaValid;
    /** ACCESS_DENIED: what was refused. REGISTER_INTERCEPT: READ or WRITE. */
    public Access access = Access.READ;
    /** ACCESS_DENIED: the processor's own access to a page table (or to PDPTEs), at {@link #gpa}, on the way to {@link #gva}. */
    public boolean pageWalk;
    /** REGISTER_INTERCEPT: which register, or kind of register. */
    public InterceptedRegister register = InterceptedRegister.MSR;
    /** REGISTER_INTERCEPT: what the register is to hold is in memory at {@link #gva}, not read yet. */
    public boolean memoryOperand;
    /**
     * HYPERCALL and REGISTER_INTERCEPT: length of the instruction that RIP is on, in bytes. ACCESS_DENIED: likewise; where the access was to fetch an
     * instruction, the length of the one before, which led there. 0 where that is not known, and for an event's delivery.
     */
    public int instructionLength;
    /** MSR exits, and REGISTER_INTERCEPT of an MSR: the register's number, unsigned. */
    public int msr;
    /** MSR exits and MMIO_WRITE: set by the caller to have the instruction raise #GP(0). */
    public boolean fault;

    /** This exit as an immutable value, for logs, traces and tests. Allocates. */
    public Exit readable() {
        return switch (reason) {
            case PORT_READ -> new Exit.PortRead(port, size);
            case PORT_WRITE -> new Exit.PortWrite(port, size, (int) value);
            case MMIO_READ -> new Exit.MmioRead(gpa, size);
            case MMIO_WRITE -> new Exit.MmioWrite(gpa, size, value);
            case MSR_READ -> new Exit.MsrRead(msr);
            case MSR_WRITE -> new Exit.MsrWrite(msr, value);
            case HYPERCALL -> new Exit.Hypercall();
            case HALT -> new Exit.Halt();
            case TASK_PRIORITY -> new Exit.TaskPriority();
            case TIME_STAMP -> new Exit.TimeStamp();
            case INTERRUPT_WINDOW -> new Exit.InterruptWindow();
            case ACCESS_DENIED -> new Exit.AccessDenied(gpa, access, pageWalk);
            case REGISTER_INTERCEPT -> new Exit.RegisterIntercept(register, msr, access, value);
            case SHUTDOWN -> new Exit.Shutdown();
            case KICKED -> new Exit.Kicked();
            case BUDGET -> new Exit.Budget();
            case BREAKPOINT -> new Exit.Breakpoint();
        };
    }
}
