package portcullis.soft.cpu;

import portcullis.engine.Segment;
import portcullis.memory.GuestMemory;
import portcullis.soft.decode.Mode;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.state.State;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Modes, segments, the stack and near branches: linear addresses from logical ones (SDM 3.4, 5.3 to 5.5). */
public abstract class Segmentation extends LinearMemory {
    public long gdtBase;
    /** Offset of the table's last byte, 16 bits. */
    public int gdtLimit;

    public long idtBase;
    public int idtLimit;

    private int mode;

    protected Segmentation(GuestMemory memory, int physicalBits) {
        super(memory, physicalBits);
    }

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
        if (((before ^ value) & (TF | RF | IF | VIF | VIP)) != 0) {
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

    // ---- saved state -----------------------------------------------------------------------------------------------

    @Override
    public void save(StateWriter out) {
        super.save(out);
        out.putLong(gdtBase);
        out.putInt(gdtLimit);
        out.putLong(idtBase);
        out.putInt(idtLimit);
    }

    @Override
    public void restore(StateReader in) {
        super.restore(in);
        gdtBase = in.getLong();
        gdtLimit = in.getInt(0, 0xffff);
        idtBase = in.getLong();
        idtLimit = in.getInt(0, 0xffff);
        modeChanged();
    }
}
