package portcullis.soft.cpu;

import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.Mode;
import portcullis.soft.state.State;

/**
 * An executable instruction. Subclasses are the instruction families; a block is an array of these.
 *
 * <p>{@link #execute} either completes, or throws having changed nothing that the guest can see (faults are precise: check
 * first, commit last). It does not move RIP; instructions that transfer control set it, and have {@link Encoding#END}.
 */
public abstract class Op {
    /** What was decoded; for families that look at it while executing, for reports and for tier 2. */
    public final Instruction in;

    // Address generation, copied here so that hot operations touch one object.
    protected final int base;
    protected final int index;
    protected final int scale;
    protected final long displacement;
    protected final int segment;
    /** Address generation is one sum: 64-bit mode with 64-bit addresses. */
    protected final boolean flat;
    /** State offset of the segment base to add: {@link State#ZERO} in 64-bit mode but for FS and GS. */
    protected final int segmentBase;

    protected Op(Instruction in) {
        this.in = in;
        base = in == null ? 0 : in.base;
        index = in == null ? 0 : in.index;
        scale = in == null ? 0 : in.scale;
        displacement = in == null ? 0 : in.displacement;
        segment = in == null ? 0 : in.segment;
        flat = in != null && in.is64() && in.addressSize == 8;
        segmentBase = in != null && in.is64() && segment < 4 ? State.ZERO : State.SEGMENT_BASE + segment * 8;
    }

    public abstract void execute(Cpu cpu);

    /** Offset of the memory operand in its segment, truncated to the address size. */
    protected final long offset(Cpu cpu) {
        long sum = cpu.field(base) + (cpu.field(index) << scale) + displacement;
        return switch (in.addressSize) {
            case 8 -> sum;
            case 4 -> sum & 0xffffffffL;
            default -> sum & 0xffff;
        };
    }

    /**
     * Linear address of the memory operand, after the segment's checks for an access of {@code size} bytes.
     *
     * @param write whether the access writes
     */
    protected final long linear(Cpu cpu, int size, boolean write) {
        if (flat) {
            return cpu.field(base) + (cpu.field(index) << scale) + displacement + cpu.field(segmentBase);
        }
        return cpu.linear(segment, offset(cpu), size, write, (in.mode & Mode.CODE_SIZE) == Mode.CODE64);
    }

    /** The r/m operand, zero-extended. */
    protected final long readRm(Cpu cpu, int size) {
        return in.isRegisterForm() ? cpu.reg(in.register(in.rm, size), size) : cpu.read(linear(cpu, size, false), size);
    }

    protected final void writeRm(Cpu cpu, int size, long value) {
        if (in.isRegisterForm()) {
            cpu.reg(in.register(in.rm, size), size, value);
        } else {
            cpu.write(linear(cpu, size, true), size, value);
        }
    }

    /** The modrm.reg general register, zero-extended. */
    protected final long readReg(Cpu cpu, int size) {
        return cpu.reg(in.register(in.reg, size), size);
    }

    protected final void writeReg(Cpu cpu, int size, long value) {
        cpu.reg(in.register(in.reg, size), size, value);
    }
}
