package portcullis.oracle.generate;

import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.isa.Operand;

/** An instruction while its operands are chosen: register numbers and memory operand, before anything is encoded. */
final class Draft {
    final InstructionForm form;
    /** REX.W or VEX.W. */
    boolean wide;
    /** 2, 4 or 8. */
    int operandSize = 4;
    /** 16 or 32; VEX.L may differ from it where it is ignored. */
    int vector = 16;

    boolean lengthBit;
    boolean lock;
    /** F3 or F2 chosen by the generator, not mandatory; 0 if none. */
    int repeat;

    boolean address32;
    boolean rex;
    int condition;

    /** Register in ModRM.rm, or -1. */
    int rm = -1;

    Addressing.Memory memory;
    int memorySize;
    /** Register, or opcode extension, in ModRM.reg. */
    int reg;

    int vvvv = -1;
    int is4 = -1;
    /** Register, or x87 stack position, in the low bits of the opcode. */
    int opcodeLow = -1;

    long offset;
    long immediate;
    int immediateSize;
    /** What the guard found out. */
    FlagEffect effect;

    Draft(InstructionForm form) {
        this.form = form;
    }

    int size(Operand operand) {
        return operand.size().bytes(operandSize, wide, vector);
    }

    /** The size of the first operand that is not implied, in bytes. */
    int firstSize() {
        for (Operand operand : form.operands()) {
            if (operand.slot() != Operand.Slot.IMPLICIT) {
                return size(operand);
            }
        }
        return operandSize;
    }

    boolean hasMemory() {
        return memory != null;
    }
}
