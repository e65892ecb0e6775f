package portcullis.soft.cpu;

import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;
import portcullis.soft.state.State;

/** Registers in the off-heap state block. Register numbers are 0 to 15; {@code offset}s are those of {@link State}. */
public abstract class Registers {
    public static final int ES = 0;
    public static final int CS = 1;
    public static final int SS = 2;
    public static final int DS = 3;
    public static final int FS = 4;
    public static final int GS = 5;
    public static final int LDTR = 6;
    public static final int TR = 7;

    public static final int RAX = 0;
    public static final int RCX = 1;
    public static final int RDX = 2;
    public static final int RBX = 3;
    public static final int RSP = 4;
    public static final int RBP = 5;
    public static final int RSI = 6;
    public static final int RDI = 7;

    /** Host address of the state block. */
    protected final long state;

    private final HostMapping mapping = HostMapping.reserve(State.SIZE);

    protected Registers() {
        state = mapping.address();
    }

    protected void freeState() {
        mapping.close();
    }

    public final long r64(int register) {
        return HostMemory.getLong(state + register * 8L);
    }

    public final void r64(int register, long value) {
        HostMemory.putLong(state + register * 8L, value);
    }

    /** The low 32 bits, zero-extended. */
    public final long r32(int register) {
        return HostMemory.getInt(state + register * 8L) & 0xffffffffL;
    }

    /** Writes 32 bits and clears the upper half, as 32-bit instructions do. */
    public final void r32(int register, long value) {
        HostMemory.putLong(state + register * 8L, value & 0xffffffffL);
    }

    public final int r16(int register) {
        return HostMemory.getShort(state + register * 8L) & 0xffff;
    }

    public final void r16(int register, int value) {
        HostMemory.putShort(state + register * 8L, (short) value);
    }

    /** The 8-bit register at a state offset ({@code Instruction.byteRegister}). */
    public final int r8(int offset) {
        return HostMemory.getByte(state + offset) & 0xff;
    }

    public final void r8(int offset, int value) {
        HostMemory.putByte(state + offset, (byte) value);
    }

    /** The register at a state offset ({@code Instruction.register}), {@code size} bytes, zero-extended. */
    public final long reg(int offset, int size) {
        return switch (size) {
            case 1 -> HostMemory.getByte(state + offset) & 0xffL;
            case 2 -> HostMemory.getShort(state + offset) & 0xffffL;
            case 4 -> HostMemory.getInt(state + offset) & 0xffffffffL;
            default -> HostMemory.getLong(state + offset);
        };
    }

    /** Writes a register by state offset; 4 bytes clear the upper half. */
    public final void reg(int offset, int size, long value) {
        switch (size) {
            case 1 -> HostMemory.putByte(state + offset, (byte) value);
            case 2 -> HostMemory.putShort(state + offset, (short) value);
            case 4 -> HostMemory.putLong(state + offset, value & 0xffffffffL);
            default -> HostMemory.putLong(state + offset, value);
        }
    }

    /** A 64-bit field of the state block. */
    public final long field(int offset) {
        return HostMemory.getLong(state + offset);
    }

    public final void field(int offset, long value) {
        HostMemory.putLong(state + offset, value);
    }

    /** A 32-bit field of the state block. */
    public final int field32(int offset) {
        return HostMemory.getInt(state + offset);
    }

    public final void field32(int offset, int value) {
        HostMemory.putInt(state + offset, value);
    }

    /** Quarter {@code part} (0 to 3) of vector register {@code register}: XMM is 0 and 1. */
    public final long vector(int register, int part) {
        return HostMemory.getLong(state + State.VECTOR + register * (long) State.VECTOR_STRIDE + part * 8L);
    }

    public final void vector(int register, int part, long value) {
        HostMemory.putLong(state + State.VECTOR + register * (long) State.VECTOR_STRIDE + part * 8L, value);
    }

    public final long rip() {
        return field(State.RIP);
    }

    public final void rip(long value) {
        field(State.RIP, value);
    }

    public final long cr0() {
        return field(State.CR0);
    }

    public final long cr3() {
        return field(State.CR3);
    }

    public final long cr4() {
        return field(State.CR4);
    }

    public final long efer() {
        return field(State.EFER);
    }

    public final long segmentBase(int segment) {
        return field(State.SEGMENT_BASE + segment * 8);
    }

    public final long segmentLimit(int segment) {
        return field(State.SEGMENT_LIMIT + segment * 8);
    }

    /** VMX layout, see {@code portcullis.engine.Segment}. */
    public final int segmentAttributes(int segment) {
        return field32(State.SEGMENT_ATTRIBUTES + segment * 4);
    }

    public final int selector(int segment) {
        return field32(State.SEGMENT_SELECTOR + segment * 4);
    }

    /** Current privilege level: 0 in real mode, 3 in virtual-8086 mode; SS.DPL at all times. */
    public final int cpl() {
        return segmentAttributes(SS) >>> 5 & 3;
    }
}
