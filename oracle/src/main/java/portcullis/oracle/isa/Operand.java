package portcullis.oracle.isa;

/**
 * An operand of an instruction form, named as the manual names it (SDM volume 2, appendix A.2.1): a letter for where it is
 * encoded and a suffix for its size.
 *
 * @param slot where it is encoded
 * @param file register file of a register operand
 * @param size of a memory operand or immediate
 * @param register the register of {@link Slot#IMPLICIT}, in encoding order
 * @param written whether the instruction writes it
 */
public record Operand(Slot slot, RegisterFile file, Size size, int register, boolean written) {
    /** Where an operand is encoded. */
    public enum Slot {
        /** ModRM.rm: register or memory (E, W, Q). */
        RM,
        /** ModRM.rm, registers only (R, U, N). */
        RM_REGISTER,
        /** ModRM.rm, memory only (M). */
        RM_MEMORY,
        /** ModRM.rm as an address that is not accessed (A). */
        RM_ADDRESS,
        /** ModRM.rm with a vector index (X). */
        RM_VECTOR_INDEX,
        /** ModRM.reg (G, V, P). */
        REG,
        /** VEX.vvvv (B, H). */
        VVVV,
        /** Bits 7:4 of the immediate (L). */
        IS4,
        /** The low bits of the opcode (Z). */
        OPCODE,
        /** A 64-bit address in the instruction (O). */
        OFFSET,
        IMMEDIATE,
        IMPLICIT
    }

    /** Which registers. */
    public enum RegisterFile {
        GENERAL,
        VECTOR,
        MMX
    }

    /** Sizes, those of the manual and some that depend on the vector length. */
    public enum Size {
        B(1),
        W(2),
        D(4),
        Q(8),
        /** 80 bits. */
        T(10),
        DQ(16),
        QQ(32),
        /** 16, 32 or 64 bits by operand size. */
        V(0),
        /** 16 or 32 bits by operand size. */
        Z(0),
        /** 32 or 64 bits by REX.W or VEX.W. */
        Y(0),
        /** The vector length. */
        X(0),
        /** Half, a quarter, an eighth of the vector length. */
        XH(0),
        XQ(0),
        XE(0),
        /** x87 environment. */
        ENV(28),
        /** x87 state. */
        SAVE(108),
        /** FXSAVE area. */
        FX(512),
        /** XSAVE area with x87, SSE and AVX. */
        XS(832);

        private final int bytes;

        Size(int bytes) {
            this.bytes = bytes;
        }

        /**
         * In bytes.
         *
         * @param operandSize 2, 4 or 8
         * @param wide REX.W or VEX.W
         * @param vector vector length, 16 or 32
         */
        public int bytes(int operandSize, boolean wide, int vector) {
            return switch (this) {
                case V -> operandSize;
                case Z -> Math.min(operandSize, 4);
                case Y -> wide ? 8 : 4;
                case X -> vector;
                case XH -> vector / 2;
                case XQ -> vector / 4;
                case XE -> vector / 8;
                default -> bytes;
            };
        }
    }

    public boolean isMemoryOnly() {
        return slot == Slot.RM_MEMORY;
    }

    /** Whether ModRM.rm encodes it. */
    public boolean inRm() {
        return switch (slot) {
            case RM, RM_REGISTER, RM_MEMORY, RM_ADDRESS, RM_VECTOR_INDEX -> true;
            default -> false;
        };
    }

    Operand with(Slot newSlot) {
        return new Operand(newSlot, file, size, register, written);
    }

    Operand with(RegisterFile newFile, Size newSize) {
        return new Operand(slot, newFile, newSize, register, written);
    }
}
