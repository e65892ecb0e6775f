package portcullis.soft.decode;

/**
 * One line of an opcode table: the conditions under which it applies, its mnemonic and operands, and which family executes it.
 */
public final class Encoding {
    /** Attribute: ends a basic block (control transfer, or a change of state that later decoding depends on). */
    public static final int END = 1;
    /** Attribute: a LOCK prefix is allowed with a memory destination. */
    public static final int LOCK = 1 << 1;
    /** Attribute: operand size is 64 bits in 64-bit mode without REX.W. */
    public static final int D64 = 1 << 2;
    /** Attribute: operand size is 64 bits in 64-bit mode, and an operand-size prefix is ignored (near branches, Intel). */
    public static final int F64 = 1 << 3;
    /** Attribute: accesses the stack implicitly; a non-canonical stack address is #SS. */
    public static final int STACK = 1 << 4;
    /** Attribute: a direct near branch; successors may be linked. */
    public static final int DIRECT = 1 << 5;

    /** Attribute: sets the instruction pointer itself; ends a block too. */
    public static final int TRANSFER = 1 << 6 | END;

    /** Attribute: modrm.rm names a register whatever modrm.mod says (MOV to and from control and debug registers). */
    public static final int MOD_IGNORED = 1 << 7;

    /** No constraint. */
    static final byte ANY = -1;

    /** For {@link #prefix}: 0 none, 1 66, 2 F3, 3 F2. */
    byte prefix = ANY;

    byte modrmReg = ANY;
    /** 0 memory, 1 register. */
    byte form = ANY;

    int modrmByte = ANY;
    byte w = ANY;
    byte l = ANY;
    /** 1: 64-bit mode only, 0: not in 64-bit mode. */
    byte mode64 = ANY;

    boolean vex;
    int map;
    int opcode;
    boolean modrm;

    public final String mnemonic;
    public final Operand[] operands;
    /** Class that makes the executable form. */
    public final Family family;
    /** The family's own number for this instruction. */
    public final int kind;

    public final int attributes;

    Encoding(String mnemonic, Operand[] operands, Family family, int kind, int attributes) {
        this.mnemonic = mnemonic;
        this.operands = operands;
        this.family = family;
        this.kind = kind;
        this.attributes = attributes;
    }

    public boolean has(int attribute) {
        return (attributes & attribute) == attribute;
    }

    /** Opcode map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A. */
    public int map() {
        return map;
    }

    public int opcode() {
        return opcode;
    }

    public boolean isVex() {
        return vex;
    }

    public boolean hasModrm() {
        return modrm;
    }

    /** Required mandatory prefix: -1 any, 0 none, 1 66, 2 F3, 3 F2. */
    public int requiredPrefix() {
        return prefix;
    }

    /** Required modrm.reg, or -1. */
    public int requiredReg() {
        return modrmReg;
    }

    /** -1 register or memory, 0 memory only, 1 register only. */
    public int requiredForm() {
        return form;
    }

    /** Required whole ModRM byte, or -1. */
    public int requiredModrm() {
        return modrmByte;
    }

    /** Required REX.W/VEX.W, or -1. */
    public int requiredW() {
        return w;
    }

    /** Required VEX.L, or -1. */
    public int requiredL() {
        return l;
    }

    /** 1 only in 64-bit mode, 0 only outside, -1 both. */
    public int requiredMode64() {
        return mode64;
    }

    boolean matches(Decoder d) {
        if (prefix != ANY && prefix != d.mandatoryPrefix()) {
            return false;
        }
        if (mode64 != ANY && mode64 != (d.mode64 ? 1 : 0)) {
            return false;
        }
        if (w != ANY && w != (d.rexW ? 1 : 0)) {
            return false;
        }
        if (vex && l != ANY && l != d.vexL) {
            return false;
        }
        if (modrm) {
            int byteValue = d.peekModrm();
            if (modrmByte != ANY) {
                return modrmByte == byteValue;
            }
            if (modrmReg != ANY && modrmReg != (byteValue >>> 3 & 7)) {
                return false;
            }
            return form == ANY || form == (byteValue >>> 6 == 3 ? 1 : 0);
        }
        return true;
    }
}
