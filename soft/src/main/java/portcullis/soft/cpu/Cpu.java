package portcullis.soft.cpu;

import portcullis.engine.Clock;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.Segment;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.decode.Mode;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.model.CpuModel;
import portcullis.soft.state.State;

/**
 * What instructions are written against: everything below plus modes, segments, the stack, exits and control registers.
 *
 * <p>How blocks of operations are found and run is above, in {@code portcullis.soft.block}.
 */
public abstract class Cpu extends LinearMemory {
    public static final long CR0_MP = 1L << 1;
    public static final long CR0_EM = 1L << 2;
    public static final long CR0_TS = 1L << 3;
    public static final long CR0_ET = 1L << 4;
    public static final long CR0_NE = 1L << 5;
    public static final long CR0_NW = 1L << 29;
    public static final long CR0_CD = 1L << 30;

    public static final long CR4_VME = 1;
    public static final long CR4_PVI = 1L << 1;
    public static final long CR4_TSD = 1L << 2;
    public static final long CR4_DE = 1L << 3;
    public static final long CR4_MCE = 1L << 6;
    public static final long CR4_PCE = 1L << 8;
    public static final long CR4_OSFXSR = 1L << 9;
    public static final long CR4_OSXMMEXCPT = 1L << 10;
    public static final long CR4_UMIP = 1L << 11;
    public static final long CR4_FSGSBASE = 1L << 16;
    public static final long CR4_OSXSAVE = 1L << 18;

    public static final long EFER_SCE = 1;
    public static final long EFER_LME = 1L << 8;

    /** Interrupts are held off until one more instruction is done: after STI (bit 0), after MOV SS and POP SS (bit 1). */
    public static final int SHADOW_STI = 1;

    public static final int SHADOW_SS = 2;

    private static final int MAX_REPLAY = 64;

    public final CpuModel model;
    public final Clock clock;
    protected final ExitDetails exit = new ExitDetails();

    protected final ExitSignal replaySignal = new ExitSignal(ExitSignal.Completion.REPLAY);
    protected final ExitSignal doneSignal = new ExitSignal(ExitSignal.Completion.DONE);
    protected final ExitSignal aloneSignal = new ExitSignal(ExitSignal.Completion.ALONE);

    /** Works on x87 operands; holds nothing between instructions. */
    public final portcullis.soft.fp.x87.X87Arithmetic x87 = new portcullis.soft.fp.x87.X87Arithmetic();

    /** SSE floating point. {@link State#MXCSR} is the register; instructions bring it here before they compute. */
    public final SseArithmetic sse = new SseArithmetic();
    /** Scratch for instructions that make more than one long; its content means nothing between instructions. */
    public final long[] wide = new long[4];

    public final portcullis.soft.system.MsrFile msrs = new portcullis.soft.system.MsrFile();

    public long gdtBase;
    /** Offset of the table's last byte, 16 bits. */
    public int gdtLimit;

    public long idtBase;
    public int idtLimit;

    private int mode;

    /** {@link #SHADOW_STI} and {@link #SHADOW_SS}; cleared when the next instruction completes. */
    public int shadow;
    /** NMIs are blocked until IRET. */
    public boolean nmiBlocked;
    /** Breakpoint conditions met by the instruction under way, as DR6 bits 3:0. */
    protected int breakpointsHit;

    // Answers of the outside to the instruction under way, replayed when it is executed again.
    private final long[] replay = new long[MAX_REPLAY];
    private int replayCount;
    private int replayCursor;

    protected Cpu(GuestMemory memory, Clock clock, CpuModel model) {
        super(memory, model.physicalBits());
        this.clock = clock;
        this.model = model;
    }

    public abstract int index();

    public abstract int apicId();

    /** 64 random bits for RDRAND and RDSEED. */
    public abstract long random();

    /** Whether IA32_APIC_BASE has the local APIC enabled: CPUID shows it only then. */
    public abstract boolean apicEnabled();

    // ---- mode --------------------------------------------------------------------------------------------------

    /** {@link Mode} bits of the current state. */
    public final int mode() {
        return mode;
    }

    public final boolean is64() {
        return (mode & Mode.CODE_SIZE) == Mode.CODE64;
    }

    /** Protected mode and not virtual-8086. */
    public final boolean isProtected() {
        return (mode & Mode.PROTECTED) != 0;
    }

    public final boolean isLong() {
        return (mode & Mode.LONG) != 0;
    }

    /** To be called when CS, SS, CR0.PE, EFER.LMA, RFLAGS.VM or CPL changed. */
    public final void modeChanged() {
        int bits = 0;
        boolean longActive = (efer() & PageWalker.EFER_LMA) != 0;
        boolean v86 = flag(VM);
        int cs = segmentAttributes(CS);
        if (longActive) {
            bits |= Mode.LONG;
        }
        if ((cr0() & CR0_PE) != 0 && !v86) {
            bits |= Mode.PROTECTED;
        }
        if (v86) {
            bits |= Mode.V86;
        }
        if (longActive && (cs & Segment.L) != 0) {
            bits |= Mode.CODE64;
        } else {
            bits |= (cs & Segment.DB) != 0 ? Mode.CODE32 : Mode.CODE16;
            if ((segmentAttributes(SS) & Segment.DB) != 0) {
                bits |= Mode.STACK32;
            }
        }
        mode = bits;
        contextChanged();
        codeSegmentChanged();
    }

    /** CS may have another base or limit: looked-up code is looked up again. */
    protected abstract void codeSegmentChanged();

    /** Loads RFLAGS and what depends on it. */
    public final void rflags(long value) {
        long before = systemFlags();
        storeRflags(value);
        if (((before ^ value) & (AC | VM)) != 0) {
            modeChanged();
        }
        if (((before ^ value) & (TF | RF | IF)) != 0) {
            attentionChanged();
        }
    }

    /** Something that the block loop must look at before the next instruction may have changed: TF, DR7, shadows, IF. */
    public abstract void attentionChanged();

    @Override
    protected final long wrap(long la) {
        return is64() ? la : la & 0xffffffffL;
    }

    // ---- segments ----------------------------------------------------------------------------------------------

    /** Loads all of a segment register without checks. */
    public final void segment(int number, int selector, long base, long limit, int attributes) {
        field32(State.SEGMENT_SELECTOR + number * 4, selector);
        field(State.SEGMENT_BASE + number * 8, base);
        field(State.SEGMENT_LIMIT + number * 8, limit & 0xffffffffL);
        field32(State.SEGMENT_ATTRIBUTES + number * 4, attributes);
        if (number == CS || number == SS) {
            modeChanged();
        }
    }

    /** Linear address of {@code offset} in a segment outside flat addressing, with the checks of SDM 5.3 to 5.5. */
    public final long linear(int segment, long offset, int size, boolean write, boolean in64) {
        if (in64) {
            return segment >= FS ? offset + segmentBase(segment) : offset;
        }
        int attributes = segmentAttributes(segment);
        long limit = segmentLimit(segment);
        long last = offset + size - 1;
        boolean bad;
        if ((mode & Mode.PROTECTED) != 0) {
            int type = attributes & 0xf;
            bad = (attributes & Segment.UNUSABLE) != 0;
            if ((type & 8) != 0) {
                bad |= write || (type & 2) == 0;
            } else {
                bad |= write && (type & 2) == 0;
            }
            if ((type & 0xc) == 4) {
                long top = (attributes & Segment.DB) != 0 ? 0xffffffffL : 0xffff;
                bad |= offset <= limit || last > top;
            } else {
                bad |= last > limit;
            }
        } else {
            bad = last > limit;
        }
        if (bad) {
            throw fault(segment == SS ? Fault.SS : Fault.GP, 0);
        }
        return segmentBase(segment) + offset & 0xffffffffL;
    }

    // ---- stack -------------------------------------------------------------------------------------------------

    /** The stack pointer's width in bytes. */
    public final int stackSize() {
        return is64() ? 8 : (mode & Mode.STACK32) != 0 ? 4 : 2;
    }

    public final long stackPointer() {
        return switch (stackSize()) {
            case 8 -> r64(RSP);
            case 4 -> r32(RSP);
            default -> r16(RSP);
        };
    }

    /** Writes as much of RSP as the stack is wide. */
    public final void stackPointer(long value) {
        switch (stackSize()) {
            case 8 -> r64(RSP, value);
            case 4 -> r32(RSP, value);
            default -> r16(RSP, (int) value);
        }
    }

    private long truncateStack(long value) {
        return switch (stackSize()) {
            case 8 -> value;
            case 4 -> value & 0xffffffffL;
            default -> value & 0xffff;
        };
    }

    /** Linear address of stack offset {@code pointer}, checked for {@code size} bytes. */
    public final long stackLinear(long pointer, int size, boolean write) {
        return linear(SS, truncateStack(pointer), size, write, is64());
    }

    /** Pushes the low {@code size} bytes; RSP moves when the store has succeeded. */
    public final void push(long value, int size) {
        long pointer = truncateStack(stackPointer() - size);
        write(stackLinear(pointer, size, true), size, value);
        stackPointer(pointer);
    }

    /** Pops {@code size} bytes, zero-extended. */
    public final long pop(int size) {
        long pointer = stackPointer();
        long value = read(stackLinear(pointer, size, false), size);
        stackPointer(pointer + size);
        return value;
    }

    /** Reads the stack {@code depth} bytes above its top without popping. */
    public final long peekStack(long depth, int size) {
        return read(stackLinear(stackPointer() + depth, size, false), size);
    }

    // ---- branches ----------------------------------------------------------------------------------------------

    /** Near branch: #GP(0) where the target is beyond the code segment or not canonical. */
    public final void branch(long target) {
        if (is64() ? !walker.canonical(target) : target > segmentLimit(CS)) {
            throw fault(Fault.GP, 0);
        }
        rip(target);
    }

    public final boolean canonical(long la) {
        return walker.canonical(la);
    }

    // ---- control registers -------------------------------------------------------------------------------------

    /** MOV to CR0, LMSW and their kind; all checks (SDM 2.5, 4.1.2). */
    public final void writeCr0(long value) {
        long old = cr0();
        long known = CR0_PE
                | CR0_MP
                | CR0_EM
                | CR0_TS
                | CR0_ET
                | CR0_NE
                | PageWalker.CR0_WP
                | CR0_AM
                | CR0_NW
                | CR0_CD
                | PageWalker.CR0_PG;
        if (value >>> 32 != 0) {
            throw fault(Fault.GP, 0);
        }
        long next = value & known | CR0_ET;
        boolean paging = (next & PageWalker.CR0_PG) != 0;
        if ((paging && (next & CR0_PE) == 0) || ((next & CR0_NW) != 0 && (next & CR0_CD) == 0)) {
            throw fault(Fault.GP, 0);
        }
        if (!paging && (cr4() & PageWalker.CR4_PCIDE) != 0) {
            throw fault(Fault.GP, 0);
        }
        boolean wasPaging = (old & PageWalker.CR0_PG) != 0;
        long newEfer = efer();
        if (paging && !wasPaging) {
            if ((newEfer & EFER_LME) != 0) {
                if ((cr4() & PageWalker.CR4_PAE) == 0 || (segmentAttributes(CS) & Segment.L) != 0) {
                    throw fault(Fault.GP, 0);
                }
                newEfer |= PageWalker.EFER_LMA;
            }
        } else if (!paging && wasPaging) {
            if (is64()) {
                throw fault(Fault.GP, 0);
            }
            newEfer &= ~PageWalker.EFER_LMA;
        }
        if (paging
                && (newEfer & PageWalker.EFER_LMA) == 0
                && (cr4() & PageWalker.CR4_PAE) != 0
                && ((old ^ next) & (PageWalker.CR0_PG | CR0_CD | CR0_NW)) != 0
                && !walker.loadPdptes(cr3() & 0xffffffe0L)) {
            throw fault(Fault.GP, 0);
        }
        field(State.EFER, newEfer);
        field(State.CR0, next);
        pagingChanged();
        if (((old ^ next) & (PageWalker.CR0_PG | CR0_PE)) != 0) {
            flushAll();
        } else if (((old ^ next) & PageWalker.CR0_WP) != 0) {
            flushRights();
        }
        modeChanged();
    }

    /** MOV to CR3; bit 63 keeps cached translations where PCIDs are on. */
    public final void writeCr3(long value) {
        boolean pcids = (cr4() & PageWalker.CR4_PCIDE) != 0;
        boolean keep = pcids && value < 0;
        long next = pcids ? value & Long.MAX_VALUE : value;
        if (isLong()) {
            if (next >>> model.physicalBits() != 0) {
                throw fault(Fault.GP, 0);
            }
        } else {
            next &= 0xffffffffL;
            if ((cr0() & PageWalker.CR0_PG) != 0
                    && (cr4() & PageWalker.CR4_PAE) != 0
                    && !walker.loadPdptes(next & 0xffffffe0L)) {
                throw fault(Fault.GP, 0);
            }
        }
        field(State.CR3, next);
        pagingChanged();
        if (!keep) {
            flushSpace(currentPcid());
        }
    }

    /** MOV to CR4; all checks. */
    public final void writeCr4(long value) {
        long old = cr4();
        if ((value & ~model.cr4Allowed()) != 0) {
            throw fault(Fault.GP, 0);
        }
        if (isLong() && ((value & PageWalker.CR4_PAE) == 0 || ((old ^ value) & PageWalker.CR4_LA57) != 0)) {
            throw fault(Fault.GP, 0);
        }
        if ((value & PageWalker.CR4_PCIDE) != 0
                && (old & PageWalker.CR4_PCIDE) == 0
                && (!isLong() || (cr3() & 0xfff) != 0)) {
            throw fault(Fault.GP, 0);
        }
        long layout = PageWalker.CR4_PAE | PageWalker.CR4_PSE | PageWalker.CR4_PGE | PageWalker.CR4_SMEP;
        if (!isLong()
                && (cr0() & PageWalker.CR0_PG) != 0
                && (value & PageWalker.CR4_PAE) != 0
                && ((old ^ value) & layout) != 0
                && !walker.loadPdptes(cr3() & 0xffffffe0L)) {
            throw fault(Fault.GP, 0);
        }
        field(State.CR4, value);
        pagingChanged();
        if (((old ^ value) & (layout | PageWalker.CR4_PCIDE | PageWalker.CR4_LA57)) != 0) {
            flushAll();
        } else {
            flushRights();
        }
    }

    /** WRMSR to EFER. */
    public final void writeEfer(long value) {
        if ((value & ~model.eferAllowed()) != 0) {
            throw fault(Fault.GP, 0);
        }
        long old = efer();
        if (((old ^ value) & EFER_LME) != 0 && (cr0() & PageWalker.CR0_PG) != 0) {
            throw fault(Fault.GP, 0);
        }
        field(State.EFER, value & ~PageWalker.EFER_LMA | old & PageWalker.EFER_LMA);
        pagingChanged();
        if (((old ^ value) & PageWalker.EFER_NXE) != 0) {
            flushAll();
        }
        modeChanged();
    }

    /** WRPKRU and XRSTOR. */
    public final void writePkru(int value) {
        if (field32(State.PKRU) != value) {
            field32(State.PKRU, value);
            pagingChanged();
            flushRights();
        }
    }

    public final void invalidatePage(long la) {
        flushPage(la, currentPcid(), true);
    }

    /** INVPCID types (SDM volume 2). */
    public final void invalidatePcid(int type, int space, long la) {
        switch (type) {
            case 0 -> flushPage(la, space, false);
            case 1 -> flushSpace(space);
            case 2 -> flushAll();
            default -> flushAllNonGlobal();
        }
    }

    // ---- exits -------------------------------------------------------------------------------------------------

    /** Starts the instruction under way anew, for its next element: REP-prefixed I/O commits one element at a time. */
    public final void commitReplay() {
        replayCount = 0;
        replayCursor = 0;
    }

    protected final void rewindReplay() {
        replayCursor = 0;
    }

    protected final boolean replaying() {
        return replayCount > 0;
    }

    /** Drops an exit that awaits its answer: reset. */
    protected abstract void forgetExit();

    /** Records the outside's answer to the last exit. */
    protected final void answer(long value) {
        replay[replayCount++] = value;
    }

    /** Only saving and restoring processor state where there is no memory makes that many accesses: the rest meets open bus. */
    private boolean replayFull() {
        return replayCursor == MAX_REPLAY;
    }

    private boolean answered() {
        return replayCursor < replayCount;
    }

    private long nextAnswer() {
        return replay[replayCursor++];
    }

    /** IN: the value from the port, zero-extended. Leaves the instruction the first time. */
    public final long portRead(int port, int size) {
        if (answered()) {
            return nextAnswer() & (size == 4 ? 0xffffffffL : (1L << size * 8) - 1);
        }
        exit.reason = ExitReason.PORT_READ;
        exit.port = port;
        exit.size = size;
        throw replaySignal;
    }

    public final void portWrite(int port, int size, long value) {
        if (answered()) {
            nextAnswer();
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
        if (openBus || replayFull()) {
            return size == 8 ? -1 : (1L << size * 8) - 1;
        }
        if (answered()) {
            long value = nextAnswer();
            return size == 8 ? value : value & (1L << size * 8) - 1;
        }
        exit.reason = ExitReason.MMIO_READ;
        exit.gpa = gpa;
        exit.size = size;
        throw replaySignal;
    }

    @Override
    protected final void mmioWrite(long gpa, int size, long value) {
        if (openBus || replayFull()) {
            return;
        }
        if (answered()) {
            nextAnswer();
            return;
        }
        exit.reason = ExitReason.MMIO_WRITE;
        exit.gpa = gpa;
        exit.size = size;
        exit.value = size == 8 ? value : value & (1L << size * 8) - 1;
        throw replaySignal;
    }

    /** RDMSR of what this engine does not keep. */
    public final long outsideMsrRead(int number) {
        if (answered()) {
            if (exit.fault) {
                throw fault(Fault.GP, 0);
            }
            return nextAnswer();
        }
        exit.reason = ExitReason.MSR_READ;
        exit.msr = number;
        exit.fault = false;
        throw replaySignal;
    }

    public final void outsideMsrWrite(int number, long value) {
        if (answered()) {
            nextAnswer();
            if (exit.fault) {
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

    /** Ends the run with {@code reason} after this instruction: RIP moves behind it. */
    public final ExitSignal leaveAfter(Op op, ExitReason reason) {
        rip(op.in.nextRip());
        exit.reason = reason;
        return doneSignal;
    }

    /** Ends the run with {@code reason} with RIP on this instruction. */
    public final ExitSignal leaveAt(Op op, ExitReason reason) {
        rip(op.in.rip);
        exit.instructionLength = op.in.length;
        exit.reason = reason;
        return doneSignal;
    }

    /** Repeated instructions must let traps be taken after each element: single step, data breakpoints. */
    public final boolean oneElementAtATime() {
        return flag(TF) || !fillAllowed;
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

    /** Raises #DB as a fault or trap with these DR6 bits set. */
    public final Fault debug(long dr6Bits, boolean trap) {
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
}
