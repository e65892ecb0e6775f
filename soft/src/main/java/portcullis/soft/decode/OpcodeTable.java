package portcullis.soft.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All encodings, by opcode map and opcode. Filled once, by the families; then only read.
 *
 * <p>The notation of {@link #add} is the manual's, with spaces: {@code "66 0F 58 /r"}, {@code "0F BA /4"}, {@code "50 +r"},
 * {@code "VEX.L0.W1 F2 0F38 F5 /r"}. Words:
 * <ul>
 *   <li>{@code NP 66 F3 F2} before the opcode: required mandatory prefix ({@code NP}: none of them). Without any, a 66 is an
 *       operand size and F2/F3 are ignored or repeat prefixes.
 *   <li>{@code VEX}, with {@code .L0 .L1} and {@code .W0 .W1} where it matters.
 *   <li>{@code 0F 0F38 0F3A}: opcode maps. Then one opcode byte; {@code +r}: eight opcodes, register in the low bits.
 *   <li>{@code /r}: has ModRM. {@code /0} to {@code /7}: ModRM with that reg. {@code =C8}: ModRM is exactly this byte.
 *   <li>{@code mem}, {@code reg}: only that form. {@code W0 W1}: REX.W clear or set. {@code o64}: 64-bit mode only. {@code i64}: not there.
 * </ul>
 * Of several encodings of one opcode the first that matches wins; put the special before the general.
 */
public final class OpcodeTable {
    private static final Encoding[] NONE = {};

    private final Encoding[][] legacy = new Encoding[4 * 256][];
    private final Encoding[][] vex = new Encoding[4 * 256][];
    private final List<Encoding> all = new ArrayList<>();

    /** Adds an encoding without attributes. */
    public void add(String encoding, String instruction, Family family, int kind) {
        add(encoding, instruction, family, kind, 0);
    }

    /**
     * @param encoding see the class
     * @param instruction mnemonic and operand kinds, {@code "ADD Eb,Gb"}
     * @param kind the family's own number for it
     * @param attributes of {@link Encoding}, or-ed
     */
    public void add(String encoding, String instruction, Family family, int kind, int attributes) {
        int space = instruction.indexOf(' ');
        String mnemonic = space < 0 ? instruction : instruction.substring(0, space);
        Operand[] operands = {};
        if (space >= 0) {
            String[] names = instruction.substring(space + 1).split(",");
            operands = new Operand[names.length];
            for (int i = 0; i < names.length; i++) {
                operands[i] = Operand.parse(names[i]);
            }
        }
        Encoding made = new Encoding(mnemonic, operands, family, kind, attributes);
        boolean plusRegister = parse(encoding, made);
        for (Operand operand : operands) {
            made.modrm |= operand.needsModrm();
        }
        for (int i = 0; i < (plusRegister ? 8 : 1); i++) {
            int index = made.map << 8 | (made.opcode + i);
            Encoding[][] table = made.vex ? vex : legacy;
            Encoding[] before = table[index] == null ? NONE : table[index];
            table[index] = Arrays.copyOf(before, before.length + 1);
            table[index][before.length] = made;
        }
        all.add(made);
    }

    private static boolean parse(String text, Encoding e) {
        boolean plus = false;
        boolean opcodeSeen = false;
        for (String word : text.split(" ")) {
            switch (word) {
                case "NP" -> e.prefix = 0;
                case "0F" -> {
                    if (e.map == 0) {
                        e.map = 1;
                    } else {
                        e.opcode = 0x0f;
                        opcodeSeen = true;
                    }
                }
                case "0F38" -> e.map = 2;
                case "0F3A" -> e.map = 3;
                case "+r" -> plus = true;
                case "/r" -> e.modrm = true;
                case "mem" -> e.form = 0;
                case "reg" -> e.form = 1;
                case "W0" -> e.w = 0;
                case "W1" -> e.w = 1;
                case "o64" -> e.mode64 = 1;
                case "i64" -> e.mode64 = 0;
                default -> {
                    if (word.startsWith("VEX")) {
                        e.vex = true;
                        e.l = word.contains(".L0") ? 0 : word.contains(".L1") ? 1 : Encoding.ANY;
                        e.w = word.contains(".W0") ? 0 : word.contains(".W1") ? 1 : Encoding.ANY;
                    } else if (word.charAt(0) == '/') {
                        e.modrm = true;
                        e.modrmReg = (byte) (word.charAt(1) - '0');
                    } else if (word.charAt(0) == '=') {
                        e.modrm = true;
                        e.modrmByte = Integer.parseInt(word, 1, word.length(), 16);
                    } else if (!opcodeSeen && e.map == 0 && isMandatoryPrefix(text, word)) {
                        e.prefix = (byte) (word.equals("66") ? 1 : word.equals("F3") ? 2 : 3);
                    } else {
                        e.opcode = Integer.parseInt(word, 16);
                        opcodeSeen = true;
                    }
                }
            }
        }
        return plus;
    }

    private static boolean isMandatoryPrefix(String text, String word) {
        if (!word.equals("66") && !word.equals("F3") && !word.equals("F2")) {
            return false;
        }
        // In a one-byte opcode, "F3 90" is a prefix and "90"; a lone "66" never is an opcode.
        return text.contains("0F") || text.indexOf(word) + 2 < text.length() && isHexPair(text, text.indexOf(word) + 3);
    }

    private static boolean isHexPair(String text, int at) {
        return at + 2 <= text.length()
                && Character.digit(text.charAt(at), 16) >= 0
                && Character.digit(text.charAt(at + 1), 16) >= 0
                && (at + 2 == text.length() || text.charAt(at + 2) == ' ');
    }

    /** Candidates for an opcode, in order; null where there is none. */
    Encoding[] candidates(boolean isVex, int map, int opcode) {
        return (isVex ? vex : legacy)[map << 8 | opcode];
    }

    /** Every encoding, in the order of registration. */
    public List<Encoding> all() {
        return List.copyOf(all);
    }
}
