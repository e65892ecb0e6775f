package portcullis.oracle.isa;

import java.util.List;
import java.util.Set;

/**
 * One way to encode one instruction.
 *
 * @param family the section of the tables it stands in
 * @param mnemonic for people
 * @param encoding prefixes and opcode
 * @param operands in the order of the manual
 * @param flagsWritten status flags that get a defined value
 * @param flagsUndefined status flags that the manual leaves undefined
 * @param flagsRead status flags that the result depends on
 * @param features CPUID features needed, as {@link portcullis.oracle.sandbox.Features} names them
 * @param options what else the generator must know: words of the tables' last column
 */
public record InstructionForm(
        String family,
        String mnemonic,
        Encoding encoding,
        List<Operand> operands,
        int flagsWritten,
        int flagsUndefined,
        int flagsRead,
        Set<String> features,
        Set<String> options) {
    /** Digit of {@link Encoding#digit} where the ModRM byte has a register operand. */
    public static final int REGISTER = 8;

    /** Digit where there is no ModRM byte. */
    public static final int NO_MODRM = -1;

    /** How the W bit is used. */
    public enum W {
        ZERO,
        ONE,
        /** It has no meaning. */
        IGNORED,
        /** It chooses an operand size. */
        SIZE
    }

    /** VEX vector length. */
    public enum Length {
        L128,
        L256,
        /** Either, and it chooses the operand size. */
        ANY,
        /** It has no meaning. */
        IGNORED
    }

    /** What the low bits of the last opcode byte hold. */
    public enum Low {
        NOTHING,
        REGISTER,
        CONDITION,
        X87
    }

    /**
     * Prefixes and opcode.
     *
     * @param vex whether VEX encoded
     * @param prefix mandatory prefix 0x66, 0xF2, 0xF3 or 0
     * @param opcode legacy: all opcode bytes with escapes; VEX: the opcode byte alone
     * @param map VEX only: 1 for 0F, 2 for 0F38, 3 for 0F3A
     * @param digit opcode extension in ModRM.reg, {@link #REGISTER} or {@link #NO_MODRM}
     */
    public record Encoding(boolean vex, int prefix, int[] opcode, int map, W w, Length length, Low low, int digit) {}

    public boolean has(String option) {
        return options.contains(option);
    }

    /** The value of an option written {@code key=value}, or null. */
    public String option(String key) {
        for (String option : options) {
            if (option.startsWith(key) && option.length() > key.length() && option.charAt(key.length()) == '=') {
                return option.substring(key.length() + 1);
            }
        }
        return null;
    }

    /** Whether the 66 prefix chooses a 16-bit operand. */
    public boolean hasOperandSize() {
        return has("v")
                || operands.stream()
                        .anyMatch(operand -> operand.size() == Operand.Size.V || operand.size() == Operand.Size.Z);
    }

    /** Whether the instruction writes the general register in encoding order without naming it in its encoding. */
    public boolean writesImplicitly(int register) {
        for (Operand operand : operands) {
            if (operand.slot() == Operand.Slot.IMPLICIT && operand.written() && operand.register() == register) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(mnemonic).append(encoding.vex ? " VEX" : "");
        for (int b : encoding.opcode) {
            text.append(" %02X".formatted(b));
        }
        if (encoding.digit >= 0) {
            text.append(encoding.digit == REGISTER ? " /r" : " /" + encoding.digit);
        }
        return text.toString();
    }
}
