package portcullis.soft.decode;

import portcullis.soft.state.State;

/**
 * A decoded instruction. Immutable once the decoder has handed it out; registers are given as numbers (0 to 15), memory
 * operands as state-block offsets ready for address generation.
 */
public final class Instruction {
    /** Bit of {@link #prefixes}. */
    public static final int LOCK = 1;

    public static final int REP = 2;
    public static final int REPNE = 4;
    public static final int REX = 8;
    public static final int OPERAND_SIZE = 16;
    public static final int ADDRESS_SIZE = 32;

    /** Null for bytes that are no instruction: executing it is #UD. */
    public Encoding encoding;
    /** Instruction pointer of its first byte (RIP, EIP or IP, not linear). */
    public long rip;
    /** 1 to 15. */
    public int length;
    /** {@link portcullis.soft.decode.Mode} bits it was decoded under. */
    public int mode;

    public int prefixes;
    public int opcode;
    /** ModRM byte, or -1. */
    public int modrm = -1;
    /** modrm.reg with REX.R; 0 without ModRM. */
    public int reg;
    /** modrm.rm with REX.B (a register when {@link #isRegisterForm}), or the register in the opcode's low bits. */
    public int rm;

    public int vvvv;
    public boolean vexL;
    public boolean w;
    /** Operand size in bytes: 2, 4 or 8. */
    public int operandSize;
    /** Address size in bytes: 2, 4 or 8. */
    public int addressSize;

    /** Whether there is a memory operand (ModRM form or absolute offset). */
    public boolean memory;
    /** State offsets of base and index register, {@link State#ZERO} where absent. */
    public int base = State.ZERO;

    public int index = State.ZERO;
    /** Shift count, 0 to 3. */
    public int scale;
    /** Displacement; for RIP-relative operands the absolute address. */
    public long displacement;
    /** Segment of the memory operand, 0 ES to 5 GS, override applied. */
    public int segment = 3;
    /** Immediate, sign-extended where the encoding says so; for relative branches the target, truncated to the operand size. */
    public long immediate;
    /** Selector of a far pointer, second immediate of ENTER, or the register of an {@code L} operand. */
    public int immediate2;

    /** Instruction pointer of the instruction behind, truncated to the code size. */
    public long nextRip() {
        long next = rip + length;
        return switch (mode & Mode.CODE_SIZE) {
            case Mode.CODE64 -> next;
            case Mode.CODE32 -> next & 0xffffffffL;
            default -> next & 0xffffffffL;
        };
    }

    public boolean is64() {
        return (mode & Mode.CODE_SIZE) == Mode.CODE64;
    }

    public boolean has(int prefix) {
        return (prefixes & prefix) != 0;
    }

    /** Whether modrm.rm names a register. */
    public boolean isRegisterForm() {
        return modrm >= 0xc0;
    }

    /** State offset of the 8-bit register {@code number}: AH to BH for 4 to 7 without a REX prefix. */
    public int byteRegister(int number) {
        return has(REX) || number < 4 || number > 7 ? number * 8 : (number - 4) * 8 + 1;
    }

    /** State offset of general register {@code number} when accessed {@code size} bytes wide. */
    public int register(int number, int size) {
        return size == 1 ? byteRegister(number) : number * 8;
    }

    /** Size in bytes of an operand of this instruction; 0 where it has none of its own. */
    public int size(Operand operand) {
        return switch (operand.size) {
            case Operand.V -> operandSize;
            case Operand.Y -> w && is64() ? 8 : 4;
            case Operand.Z -> Math.min(operandSize, 4);
            case Operand.X -> vexL ? 32 : 16;
            default -> operand.size;
        };
    }

    @Override
    public String toString() {
        return Disassembler.format(this);
    }
}
