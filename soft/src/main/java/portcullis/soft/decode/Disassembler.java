package portcullis.soft.decode;

import portcullis.soft.state.State;

/** Prints instructions in Intel syntax. */
public final class Disassembler {
    private static final String[] NAMES64 = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };
    private static final String[] NAMES8 = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
    private static final String[] NAMES8_REX = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs", "?", "?"};

    private Disassembler() {}

    /** One line: prefixes, mnemonic, operands. */
    public static String format(Instruction in) {
        if (in.encoding == null) {
            return "(bad)";
        }
        StringBuilder text = new StringBuilder();
        if (in.has(Instruction.LOCK)) {
            text.append("lock ");
        }
        if (in.encoding.requiredPrefix() < 0) {
            if (in.has(Instruction.REP)) {
                text.append("rep ");
            } else if (in.has(Instruction.REPNE)) {
                text.append("repne ");
            }
        }
        text.append(in.encoding.mnemonic.toLowerCase(java.util.Locale.ROOT));
        String separator = " ";
        for (Operand operand : in.encoding.operands) {
            text.append(separator).append(operand(in, operand));
            separator = ", ";
        }
        return text.toString();
    }

    private static String operand(Instruction in, Operand operand) {
        int size = in.size(operand);
        return switch (operand.place) {
            case RM -> in.isRegisterForm() ? register(in, operand, in.rm, size) : memory(in, size);
            case REG -> register(in, operand, in.reg, size);
            case OPCODE -> general(in, in.rm, size);
            case VVVV -> operand == Operand.By ? general(in, in.vvvv, size) : vector(in.vvvv, size);
            case FIXED -> fixed(in, operand, size);
            case IMMEDIATE -> immediate(in, operand);
            case RELATIVE -> hex(in.immediate);
            case OFFSET -> memory(in, size);
            case STRING -> (operand == Operand.Xb || operand == Operand.Xv ? "[rsi]" : "[rdi]");
        };
    }

    private static String immediate(Instruction in, Operand operand) {
        return switch (operand) {
            case Lx -> vector(in.immediate2, in.size(operand));
            case Ap -> "0x%x:%s".formatted(in.immediate2, hex(in.immediate));
            default -> hex(in.immediate);
        };
    }

    private static String fixed(Instruction in, Operand operand, int size) {
        return switch (operand) {
            case AX -> general(in, 0, size);
            case ONE -> "1";
            default -> operand.name().toLowerCase(java.util.Locale.ROOT);
        };
    }

    private static String register(Instruction in, Operand operand, int number, int size) {
        char letter = operand.name().charAt(0);
        return switch (operand) {
            case Sw -> SEGMENTS[number & 7];
            case Cd -> "cr" + number;
            case Dd -> "dr" + number;
            case STi -> "st" + (number & 7);
            default ->
                switch (letter) {
                    case 'V', 'W', 'U' -> vector(number, size);
                    case 'P', 'Q', 'N' -> "mm" + (number & 7);
                    default -> general(in, number, size);
                };
        };
    }

    private static String vector(int number, int size) {
        return (size == 32 ? "ymm" : "xmm") + number;
    }

    private static String general(Instruction in, int number, int size) {
        return switch (size) {
            case 1 ->
                number >= 8 ? NAMES64[number] + "b" : in.has(Instruction.REX) ? NAMES8_REX[number] : NAMES8[number];
            case 2 -> number >= 8 ? NAMES64[number] + "w" : NAMES64[number].substring(1);
            case 4 -> number >= 8 ? NAMES64[number] + "d" : "e" + NAMES64[number].substring(1);
            default -> NAMES64[number];
        };
    }

    private static String memory(Instruction in, int size) {
        StringBuilder text = new StringBuilder();
        text.append(
                switch (size) {
                    case 1 -> "byte ";
                    case 2 -> "word ";
                    case 4 -> "dword ";
                    case 8 -> "qword ";
                    case 10 -> "tbyte ";
                    case 16 -> "xmmword ";
                    case 32 -> "ymmword ";
                    default -> "";
                });
        if (in.segment >= 4 || !in.is64() && in.segment != 3) {
            text.append(SEGMENTS[in.segment]).append(':');
        }
        text.append('[');
        String plus = "";
        if (in.base != State.ZERO) {
            text.append(general(in, (in.base - State.GPR) / 8, in.addressSize));
            plus = "+";
        }
        if (in.index != State.ZERO) {
            text.append(plus).append(general(in, (in.index - State.GPR) / 8, in.addressSize));
            if (in.scale > 0) {
                text.append('*').append(1 << in.scale);
            }
            plus = "+";
        }
        if (in.displacement != 0 || plus.isEmpty()) {
            if (in.displacement < 0 && !plus.isEmpty()) {
                text.append('-').append(hex(-in.displacement));
            } else {
                text.append(plus).append(hex(in.displacement));
            }
        }
        return text.append(']').toString();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
