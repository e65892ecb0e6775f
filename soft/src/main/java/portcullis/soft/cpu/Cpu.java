package portcullis.soft.cpu;

import portcullis.engine.Access;
import portcullis.engine.Clock;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.decode.Instruction;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.model.CpuModel;
import portcullis.soft.state.State;
import portcullis.soft.system.MsrFile;
import portcullis.soft.system.SharedMsrs;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What instructions are written against: everything below plus modes, segments, the stack, exits and control registers.
 *
 * <p>How blocks of operations are found and run is above, in {@code portcullis.soft.block}.
 */
public abstract class Cpu extends ControlRegisters {
    /** Interrupts are held off until one more instruction is done: after STI (bit 0), after MOV SS and POP SS (bit 1). */
    public static final int SHADOW_STI = 1;

    public static final int SHADOW_SS = 2;

    public final Clock clock;
    protected final ExitDetails exit = new ExitDetails();

    protected final ExitSignal replaySignal = new ExitSignal(ExitSignal.Completion.REPLAY);
    /** Before an instruction, for the host: nothing of it has happened. */
    protected final ExitSignal stopSignal = new ExitSignal(ExitSignal.Completion.REPLAY);

    protected final ExitSignal doneSignal = new ExitSignal(ExitSignal.Completion.DONE);
    /** Not answered: the instruction starts anew, whatever answers it had. */
    protected final ExitSignal deniedSignal = new ExitSignal(ExitSignal.Completion.REPLAY);

    protected final ExitSignal aloneSignal = new ExitSignal(ExitSignal.Completion.ALONE);

    /** Works on x87 operands; holds nothing between instructions. */
    public final portcullis.soft.fp.x87.X87Arithmetic x87 = new portcullis.soft.fp.x87.X87Arithmetic();

    /** SSE floating point. {@link State#MXCSR} is the register; instructions bring it here before they compute. */
    public final SseArithmetic sse = new SseArithmetic();
    /** Scratch for instructions that make more than one long; its content means nothing between instructions. */
    public final long[] wide = new long[4];

    /** Of the context that executes. */
    public MsrFile msrs = new MsrFile();

    public final SharedMsrs sharedMsrs = new SharedMsrs();

    /** {@link #SHADOW_STI} and {@link #SHADOW_SS}; cleared when the next instruction completes. */
    public int shadow;
    /** PAUSE instructions executed; wraps around. */
    public int pauses;
    /** NMIs are blocked until IRET. */
    public boolean nmiBlocked;
    /** Breakpoint conditions met by the instruction under way, as DR6 bits 3:0. */
    protected int breakpointsHit;

    /** Of the context that executes. */
    Replay replay = new Replay();

    protected Cpu(GuestMemory memory, Clock clock, CpuModel model) {
        super(memory, model);
        this.clock = clock;
    }

    public abstract int index();

    public abstract int apicId();

    /** 64 random bits for RDRAND and RDSEED. */
    public abstract long random();

    /** The guest has executed PAUSE. */
    public abstract void spins();

    /** Whether IA32_APIC_BASE has the local APIC enabled: CPUID shows it only then. */
    public abstract boolean apicEnabled();

    /** Exchanges what contexts have of their own, but for translations: of the one that executes, and of the next. */
    protected final void exchange(PrivateRegisters from, PrivateRegisters to) {
        from.save(this);
        to.load(this);
    }

    // ---- exits -------------------------------------------------------------------------------------------------

    /** Starts the instruction under way anew, for its next element: REP-prefixed I/O commits one element at a time. */
    public final void commitReplay() {
        replay.clear();
    }

    protected final void rewindReplay() {
        replay.rewind();
    }

    protected final boolean replaying() {
        return !replay.isEmpty();
    }

    /** Drops an exit that awaits its answer: the instruction starts anew. */
    public abstract void forgetExit();

    /** Records the outside's answer to the last exit. */
    protected final void answer(long value) {
        replay.add(value, exit.fault);
    }

    /** IN: the value from the port, zero-extended. Leaves the instruction the first time. */
    public final long portRead(int port, int size) {
        if (replay.hasNext()) {
            return replay.next() & (size == 4 ? 0xffffffffL : (1L << size * 8) - 1);
        }
        exit.reason = ExitReason.PORT_READ;
        exit.port = port;
        exit.size = size;
        throw replaySignal;
    }

    public final void portWrite(int port, int size, long value) {
        if (replay.hasNext()) {
            replay.next();
            return;
        }
        exit.reason = ExitReason.PORT_WRITE;
        exit.port = port;
        exit.size = size;
        exit.value = size == 4 ? value & 0xffffffffL : value & (1L << size * 8) - 1;
        throw replaySignal;
    }

    /**
     * No exits for memory that is not there: reads give ones, writes go nowhere. For event delivery, which is no instruction
     * and cannot be executed again with the answer.
     */
    public boolean openBus;

    @Override
    protected final long mmioRead(long gpa, int size) {
        if (openBus || replay.isFull()) {
            return size == 8 ? -1 : (1L << size * 8) - 1;
        }
        if (replay.hasNext()) {
            long value = replay.next();
            return size == 8 ? value : value & (1L << size * 8) - 1;
        }
        exit.reason = ExitReason.MMIO_READ;
        exit.gpa = gpa;
        exit.size = size;
        throw replaySignal;
    }

    @Override
    protected final void mmioWrite(long gpa, int size, long value) {
        if (openBus || replay.isFull()) {
            return;
        }
        if (replay.hasNext()) {
            replay.next();
            if (replay.fault && !replay.hasNext()) {
                throw fault(Fault.GP, 0);
            }
            return;
        }
        exit.reason = ExitReason.MMIO_WRITE;
        exit.gpa = gpa;
        exit.size = size;
        exit.fault = false;
        exit.value = size == 8 ? value : value & (1L << size * 8) - 1;
        throw replaySignal;
    }

    /** Accesses to system registers that leave the engine instead of happening. */
    public final Intercepts intercepts = new Intercepts();

    /** The access that {@link #exit} describes leaves the instruction, which has done nothing. */
    final ExitSignal intercepted() {
        exit.reason = ExitReason.REGISTER_INTERCEPT;
        exit.instructionLength = 0;
        return deniedSignal;
    }

    /** Code is looked at for a report, not executed. */
    protected boolean reporting;

    @Override
    protected final ExitSignal denied(long gpa, long la, boolean hasLa, Access access, boolean pageWalk) {
        if (reporting) {
            return deniedSignal;
        }
        exit.reason = ExitReason.ACCESS_DENIED;
        exit.gpa = gpa;
        exit.gva = la;
        exit.gvaValid = hasLa;
        exit.access = access;
        exit.pageWalk = pageWalk;
        exit.instructionLength = 0;
        return deniedSignal;
    }

    /** RDMSR of what this engine does not keep. */
    public final long outsideMsrRead(int number) {
        if (replay.hasNext()) {
            if (replay.fault) {
                throw fault(Fault.GP, 0);
            }
            return replay.next();
        }
        exit.reason = ExitReason.MSR_READ;
        exit.msr = number;
        exit.fault = false;
        throw replaySignal;
    }

    public final void outsideMsrWrite(int number, long value) {
        if (replay.hasNext()) {
            replay.next();
            if (replay.fault) {
                throw fault(Fault.GP, 0);
            }
            return;
        }
        exit.reason = ExitReason.MSR_WRITE;
        exit.msr = number;
        exit.value = value;
        exit.fault = false;
        throw replaySignal;
    }

    /** The instruction at {@code rip} is one of {@link portcullis.engine.Engine#setBreakpoints}: stops, the first time. */
    public abstract void stopForHost(long rip);

    /** Ends the run with {@code reason} after this instruction: RIP moves behind it. */
    public final ExitSignal leaveAfter(Op op, ExitReason reason) {
        rip(op.in.nextRip());
        exit.reason = reason;
        return doneSignal;
    }

    /**
     * Ends the run with {@code reason}, RIP on this instruction, which sets the instruction pointer itself and so is the last of
     * its block: the loop looks at the request word behind it anyway. A signal, which unwinds three frames, costs some 80 ns more.
     */
    public final void stopAt(Op op, ExitReason reason) {
        rip(op.in.rip);
        exit.instructionLength = op.in.length;
        exit.reason = reason;
        stopRequested();
    }

    /** The loop is left with {@link #exit} as soon as the instruction that executes is done. */
    protected abstract void stopRequested();

    /** Repeated instructions must let traps be taken after each element: single step, data breakpoints. */
    public final boolean oneElementAtATime() {
        return flag(TF) || !fillAllowed;
    }

    /**
     * A repeated instruction stops with iterations left: RIP stays, and what interrupts it now saves RF set, so that going on meets
     * no instruction breakpoint again (SDM 17.3.1.1). The flag goes when the instruction is complete.
     */
    public final void betweenIterations(Op op) {
        rip(op.in.rip);
        rflags(rflags() | RF);
    }

    // ---- debug registers ---------------------------------------------------------------------------------------

    @Override
    protected final void watch(long la, int size, boolean write) {
        long dr7 = field(State.DR7);
        for (int i = 0; i < 4; i++) {
            if ((dr7 >>> i * 2 & 3) == 0) {
                continue;
            }
            int kind = (int) (dr7 >>> 16 + i * 4) & 3;
            if (kind == 3 || kind == 1 && write) {
                int code = (int) (dr7 >>> 18 + i * 4) & 3;
                int length = code == 2 ? 8 : code + 1;
                long address = field(State.DR + i * 8) & -length;
                if (la < address + length && address < la + size) {
                    breakpointsHit |= 1 << i;
                }
            }
        }
    }

    /** Whether any instruction breakpoint that DR7 enables is at linear address {@code la}: DR6 bits. */
    protected final int instructionBreakpoints(long la) {
        long dr7 = field(State.DR7);
        int hit = 0;
        for (int i = 0; i < 4; i++) {
            if ((dr7 >>> i * 2 & 3) != 0 && (dr7 >>> 16 + i * 4 & 3) == 0 && field(State.DR + i * 8) == la) {
                hit |= 1 << i;
            }
        }
        return hit;
    }

    /** MOV to DR7. */
    public final void writeDr7(long value) {
        field(State.DR7, value & 0xffff_23ffL | 0x400);
        boolean data = false;
        for (int i = 0; i < 4; i++) {
            data |= (value >>> i * 2 & 3) != 0 && (value >>> 16 + i * 4 & 1) != 0;
        }
        boolean allowed = !data;
        if (allowed != fillAllowed) {
            fillAllowed = allowed;
            flushRights();
        }
        attentionChanged();
    }

    /** DR6 bits of the last #DB. */
    protected int debugBits;

    // Instructions that tell user mode where system tables are: bits of MsrFile.storesPrevented.
    public static final int STORE_GDT = 1;
    public static final int STORE_IDT = 1 << 1;
    public static final int STORE_LDT = 1 << 2;
    public static final int STORE_TASK = 1 << 3;

    /**
     * #GP(0) for one of these outside privilege level 0, where UMIP or whoever owns the processor prevents it; and in user mode
     * where the instruction lies in memory that is for user mode alone (TLFS vsm.md, "Descriptor Tables").
     */
    public final void requireStore(int instruction, Instruction in) {
        int cpl = cpl();
        if (cpl == 0) {
            return;
        }
        boolean prevented = (cr4() & CR4_UMIP) != 0 || (msrs.storesPrevented & instruction) != 0;
        if (prevented || cpl == 3 && !kernelMayExecute(in)) {
            throw fault(Fault.GP, 0);
        }
    }

    private boolean kernelMayExecute(Instruction in) {
        long mask = is64() ? -1 : 0xffffffffL;
        long la = (is64() ? 0 : segmentBase(CS)) + in.rip;
        return kernelMayExecute(la & mask) && kernelMayExecute(la + in.length - 1 & mask);
    }

    /** Raises #DB as a fault or trap with these DR6 bits set. */
    public final Fault debug(long dr6Bits, boolean trap) {
        debugBits = (int) dr6Bits;
        field(State.DR6, field(State.DR6) & ~0xfL | dr6Bits);
        Fault db = fault(Fault.DB);
        db.trap = trap;
        return db;
    }

    /** Raises a debug trap with these DR6 bits before the next instruction. */
    public final void debugTrapPending(long dr6Bits) {
        breakpointsHit |= (int) dr6Bits;
        attentionChanged();
    }

    /** Puts the traps that are pending into DR6: an instruction that is a debug exception itself takes them along. */
    public final void takeDebugTraps() {
        if (breakpointsHit != 0) {
            debug(breakpointsHit, true);
            breakpointsHit = 0;
        }
    }

    /** Whether a debug trap will be raised before the next instruction. */
    public final boolean isDebugTrapPending() {
        return breakpointsHit != 0 || flag(TF);
    }

    /** Atomically sets bits in the request word; any thread. */
    protected final void request(int bits) {
        HostMemory.getAndBitwiseOrInt(state + State.POLL, bits);
    }

    /** Until {@link #endExclusive}, no other CPU of the engine executes guest code: split locks, 16-byte compare-exchange. */
    public abstract void beginExclusive();

    public abstract void endExclusive();

    public final <T> T exclusively(java.util.function.Supplier<T> action) {
        beginExclusive();
        try {
            return action.get();
        } finally {
            endExclusive();
        }
    }

    // ---- saved state -----------------------------------------------------------------------------------------------

    @Override
    public void save(StateWriter out) {
        super.save(out);
        msrs.save(out);
        sharedMsrs.save(out);
        out.putInt(shadow);
        out.putBoolean(nmiBlocked);
        out.putInt(breakpointsHit);
        replay.save(out);
        // What the answer of an exit that has not been replayed yet consists of.
        out.putLong(exit.value);
        out.putBoolean(exit.fault);
    }

    @Override
    public void restore(StateReader in) {
        super.restore(in);
        writeDr7(field(State.DR7));
        msrs.restore(in);
        sharedMsrs.restore(in);
        shadow = in.getInt(0, SHADOW_STI | SHADOW_SS);
        nmiBlocked = in.getBoolean();
        breakpointsHit = in.getInt();
        replay.restore(in);
        exit.value = in.getLong();
        exit.fault = in.getBoolean();
    }
}
