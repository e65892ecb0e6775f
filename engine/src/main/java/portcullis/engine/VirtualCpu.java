package portcullis.engine;

import portcullis.state.Saved;

/**
 * One virtual processor as an engine runs it. All methods but {@link #kick} are for the one thread that owns it; registers
 * may be read and written between runs only.
 *
 * <p>Its saved state is that between two runs, and includes the answer to the last exit where one is due: it may be written
 * between that and the run that takes the answer. Only an engine of the same name takes it up.
 */
public interface VirtualCpu extends Saved, AutoCloseable {
    int index();

    /**
     * Executes guest instructions until something is needed. After a *_READ exit the caller fills in {@link
     * ExitDetails#value} (or {@link ExitDetails#fault}) and runs again; the instruction then completes.
     */
    ExitReason run();

    /** Details of the last exit. The same object for the life of the CPU. */
    ExitDetails exit();

    /** Brings {@link #run} out soon with {@link ExitReason#KICKED}, or the next call of it at once. Any thread. */
    void kick();

    /** Lets the next runs execute about this many instructions, then return {@link ExitReason#BUDGET}. {@code Long.MAX_VALUE}: no limit. */
    void setBudget(long instructions);

    /** Instructions retired since creation. */
    long retired();

    /** PAUSE instructions executed; wraps around. For ever 0 where the engine does not count them. */
    default int pauses() {
        return 0;
    }

    /**
     * What to do, within {@link #run} and on its thread, whenever the guest has executed several PAUSE in a short time: it waits for
     * another processor. It may {@link #kick}. Engines that leave that to the host's kernel never call it, nor without an unlimited
     * budget.
     */
    default void onSpin(Runnable action) {}

    /**
     * INIT or RESET state (SDM table 10-1). INIT keeps what the manual says it keeps, and is the current context's alone; RESET
     * forgets all contexts but 0, which becomes the current one.
     */
    void reset(boolean init);

    /** Takes the state that a start-up IPI gives: real mode at {@code vector << 12}. */
    void startup(int vector);

    long get(Register register);

    /** Writes without the checks that an instruction would make; callers pass architecturally valid values. */
    void set(Register register, long value);

    /** Quarter {@code part} (8 bytes, 0 lowest) of vector register 0 to 15: XMM is 0 and 1, the upper half of YMM 2 and 3. */
    long vector(int register, int part);

    void setVector(int register, int part, long value);

    /**
     * Moves behind the instruction that a HYPERCALL exit left RIP on, as if the processor had completed it: shadows end, RF is
     * cleared, and a single-step trap follows where TF is set.
     *
     * @param length in bytes, {@link ExitDetails#instructionLength}
     */
    void completeInstruction(int length);

    Segment segment(SegmentRegister register);

    void setSegment(SegmentRegister register, Segment value);

    /** Current privilege level, 0 to 3. Unlike {@link #segment} this allocates nothing. */
    int privilegeLevel();

    /** Whether 64-bit code executes: long mode is active and CS.L set. Allocates nothing. */
    boolean executes64BitCode();

    DescriptorTable gdt();

    void setGdt(DescriptorTable value);

    DescriptorTable idt();

    void setIdt(DescriptorTable value);

    /**
     * Reads an MSR that the engine keeps.
     *
     * @throws IllegalArgumentException for one that it does not keep
     */
    long msr(int number);

    /**
     * Writes an MSR that the engine keeps.
     *
     * @throws IllegalArgumentException for one that it does not keep, or a value that WRMSR would refuse
     */
    void setMsr(int number, long value);

    /** x87, SSE and AVX state as XSAVE lays it out, standard form. */
    byte[] extendedState();

    /** @throws IllegalArgumentException for an image that XRSTOR would refuse */
    void setExtendedState(byte[] image);

    /** Whether an external interrupt injected now would be taken before the next instruction: IF set, no shadow, nothing pending. */
    boolean interruptible();

    /** Asks for an exit as soon as {@link #interruptible} holds; stays asked until withdrawn. */
    void requestInterruptWindow(boolean wanted);

    /** Delivers an external interrupt at the next run. Only when {@link #interruptible}. */
    void injectInterrupt(int vector);

    /**
     * Posts an NMI: taken as soon as NMIs are not blocked (SDM 6.7.1), at the next run or after a coming IRET, without an exit.
     * While one is being handled one more is kept; while none is, two are (one to be taken, one behind it). Further ones are
     * lost. INIT and RESET drop what waits.
     *
     * @return whether NMIs are not blocked: a processor that has halted wakes for this one
     */
    boolean postNmi();

    /** The interrupt or exception that the next run delivers before anything else, or null. */
    PendingEvent pendingEvent();

    /** Takes {@link #pendingEvent} back. */
    void cancelPendingEvent();

    /** Whether an STI or a write to SS holds interrupts back for one instruction. */
    boolean interruptShadow();

    void setInterruptShadow(boolean on);

    /** Whether an NMI is being handled: the next waits for IRET. */
    boolean nmiBlocked();

    void setNmiBlocked(boolean blocked);

    /** Whether the processor could hold {@code value}: no reserved bit is set, no combination that it refuses. */
    boolean accepts(Register register, long value);

    /**
     * Has instructions raise #GP(0) outside privilege level 0, in the current context: SGDT (bit 0), SIDT (1), SLDT (2), STR (3).
     */
    void preventStores(int instructions);

    /**
     * Has instructions of one context leave before they access certain registers. Only where the engine can ({@link
     * EngineCapabilities#registerIntercepts}). {@link RegisterIntercepts#NONE} until asked for, and after RESET; INIT leaves it.
     *
     * @param context 0 to {@link EngineCapabilities#maxContexts} - 1
     */
    void interceptRegisters(int context, RegisterIntercepts intercepts);

    /** Delivers an exception at the next run, as a fault at the current instruction pointer. */
    void injectException(int vector, boolean hasErrorCode, int errorCode);

    /** The bits of IA32_APIC_BASE that CPUID reflects: bit 11 enable, bit 10 x2APIC. The register itself is the caller's. */
    void setApicBase(long value);

    /**
     * Drops an exit of the current context that awaits its answer: the instruction at RIP starts anew at the next run, and
     * events can be injected before it. For whoever has something else happen in its place.
     */
    void forgetExit();

    /** Drops every cached translation, global ones included. */
    void flushTlb();

    /** Drops the cached translations of one address in every address space. */
    void flushTlb(long gva);

    /** For {@link #flushSpace} and {@link #flushRange}: all address spaces. */
    long ALL_SPACES = -1;

    /**
     * Drops what is cached of one address space, and nothing of others.
     *
     * @param context whose translations, 0 to {@link EngineCapabilities#maxContexts} - 1
     * @param space the CR3 value that the translations were made under (bits 11:0 and 63 do not count), or {@link #ALL_SPACES}
     * @param globals drop global translations as well: those belong to all address spaces
     */
    void flushSpace(int context, long space, boolean globals);

    /**
     * As {@link #flushSpace}, but only pages that overlap a range; a large page that overlaps goes as a whole.
     *
     * @param gva an address in the first page
     * @param pages number of 4 KiB pages, at least 0; a range that would wrap around ends at the last page
     */
    void flushRange(int context, long space, long gva, long pages, boolean globals);

    /**
     * The context that executes: 0 until {@link #switchContext}. A context is what a trust level of this processor has of its
     * own: private registers (TLFS vsm.md, "Virtual Processor State Isolation"), injected events, NMI blocking, interrupt
     * shadow, cached translations, and the view of memory of that level.
     */
    int context();

    /**
     * Makes another context the one that executes, and that all methods here act on but those that take a context. Between runs
     * only; switching there and back is how the registers of a context that does not execute are reached. A context that was
     * never executed is in its RESET state.
     *
     * @param context 0 to {@link EngineCapabilities#maxContexts} - 1
     */
    void switchContext(int context);

    /**
     * Switches a context's mode based execute control (TLFS vsm.md): whether fetches in user mode go by {@link
     * portcullis.memory.Protection#USER_EXECUTE}. They do so only while CR4.SMEP is set or the processor has no SMEP. Off until
     * switched on, and after RESET.
     */
    void setModeBasedExecute(int context, boolean on);

    /** Walks the current context's page tables, as they are in memory: no TLB is asked or filled. */
    Translation translate(long gva, TranslationRequest request);

    /** Registers and the instruction at RIP as text, several lines, for reports. */
    String describe();

    /** The exceptions and instructions of the last moments as text, several lines, for reports; empty where the engine knows none. */
    default String recent() {
        return "";
    }

    @Override
    void close();
}
