package portcullis.oracle.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the instruction tables.
 *
 * <p>A line is {@code mnemonic | encoding | operands | flags | options}; {@code -} stands for nothing. {@code {a,b}} in several
 * places of a line makes one form of all the first alternatives, one of all the second, and so on. {@code [family]} begins a
 * family.
 *
 * <ul>
 *   <li>Encoding: {@code [66|F2|F3] [REX.W] bytes}, the last one with {@code +r}, {@code +cc} or {@code +i}, then {@code /r} or
 *       {@code /digit}; or {@code VEX.length.prefix.map.W byte}, where the length is 0, 1, x (either) or * (ignored) and W
 *       is W0, W1, Wy (an operand size) or W* (ignored).
 *   <li>Operands: the manual's notation ({@link Operand}), {@code !} for those written; registers by name if implied; {@code
 *       Ib3} is an immediate of three bits.
 *   <li>Flags: {@code W=} defined after it, {@code U=} undefined after it, {@code R=} read; {@code R=cc} by the condition.
 *   <li>Options: CPUID features and words of the generator.
 * </ul>
 */
public final class IsaReader {
    private static final List<String> FILES = List.of("integer.isa", "x87.isa", "sse.isa", "avx.isa");
    private static final Pattern ALTERNATIVES = Pattern.compile("\\{([^}]*)}");
    static final Set<String> FEATURES = Set.of(
            "sse",
            "sse2",
            "sse3",
            "ssse3",
            "sse41",
            "sse42",
            "popcnt",
            "aes",
            "pclmul",
            "sha",
            "avx",
            "avx2",
            "fma",
            "f16c",
            "bmi1",
            "bmi2",
            "adx",
            "movbe",
            "lzcnt",
            "cx16",
            "lahf",
            "fxsr",
            "clflush",
            "clflushopt",
            "clwb",
            "prefetchw",
            "xsave");
    private static final List<String> REGISTERS = List.of(
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15");

    private final List<InstructionForm> forms = new ArrayList<>();
    private String family = "";

    private IsaReader() {}

    /** All forms of all tables. */
    public static List<InstructionForm> readAll() {
        IsaReader reader = new IsaReader();
        for (String file : FILES) {
            reader.readFile(file);
        }
        return List.copyOf(reader.forms);
    }

    private void readFile(String file) {
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(IsaReader.class.getResourceAsStream(file), StandardCharsets.UTF_8))) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                try {
                    readLine(line.strip());
                } catch (RuntimeException e) {
                    throw new IllegalStateException(file + ":" + number + ": " + e.getMessage(), e);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }

    private void readLine(String line) {
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        if (line.startsWith("[")) {
            family = line.substring(1, line.length() - 1);
            return;
        }
        int count = 1;
        Matcher matcher = ALTERNATIVES.matcher(line);
        if (matcher.find()) {
            count = matcher.group(1).split(",").length;
        }
        for (int i = 0; i < count; i++) {
            int choice = i;
            readForm(ALTERNATIVES
                    .matcher(line)
                    .replaceAll(match -> Matcher.quoteReplacement(match.group(1).split(",", -1)[choice])));
        }
    }

    private void readForm(String line) {
        String[] columns = line.split("\\|");
        if (columns.length != 5) {
            throw new IllegalArgumentException("five columns wanted");
        }
        Set<String> features = new LinkedHashSet<>();
        Set<String> options = new LinkedHashSet<>();
        for (String word : words(columns[4])) {
            (FEATURES.contains(word) ? features : options).add(word);
        }
        List<Operand> operands =
                words(columns[2]).stream().map(IsaReader::operand).toList();
        int written = 0;
        int undefined = 0;
        int read = 0;
        for (String word : words(columns[3])) {
            String letters = word.substring(2);
            switch (word.charAt(0)) {
                case 'W' -> written = Flags.parse(letters);
                case 'U' -> undefined = Flags.parse(letters);
                case 'R' -> {
                    if (!letters.equals("cc")) {
                        read = Flags.parse(letters);
                    }
                }
                default -> throw new IllegalArgumentException(word);
            }
        }
        InstructionForm form = new InstructionForm(
                family,
                columns[0].strip(),
                encoding(words(columns[1]), operands, options.contains("w0")),
                operands,
                written,
                undefined,
                read,
                features,
                options);
        forms.add(form);
        forms.addAll(DerivedForms.of(form));
    }

    static List<String> words(String column) {
        String text = column.strip();
        return text.isEmpty() || text.equals("-") ? List.of() : List.of(text.split("\\s+"));
    }

    static Operand operand(String token) {
        boolean written = token.endsWith("!");
        String name = written ? token.substring(0, token.length() - 1) : token;
        int register = name.equals("al") ? 0 : REGISTERS.indexOf(name);
        if (register >= 0) {
            return new Operand(Operand.Slot.IMPLICIT, Operand.RegisterFile.GENERAL, Operand.Size.Q, register, written);
        }
        Operand.Slot slot = switch (name.charAt(0)) {
            case 'E', 'W', 'Q' -> Operand.Slot.RM;
            case 'R', 'U', 'N' -> Operand.Slot.RM_REGISTER;
            case 'M' -> Operand.Slot.RM_MEMORY;
            case 'A' -> Operand.Slot.RM_ADDRESS;
            case 'X' -> Operand.Slot.RM_VECTOR_INDEX;
            case 'G', 'V', 'P' -> Operand.Slot.REG;
            case 'B', 'H' -> Operand.Slot.VVVV;
            case 'L' -> Operand.Slot.IS4;
            case 'Z' -> Operand.Slot.OPCODE;
            case 'O' -> Operand.Slot.OFFSET;
            case 'I' -> Operand.Slot.IMMEDIATE;
            default -> throw new IllegalArgumentException("operand " + token);
        };
        Operand.RegisterFile file = switch (name.charAt(0)) {
            case 'W', 'U', 'V', 'H', 'L', 'X' -> Operand.RegisterFile.VECTOR;
            case 'Q', 'N', 'P' -> Operand.RegisterFile.MMX;
            default -> Operand.RegisterFile.GENERAL;
        };
        String suffix = name.substring(1);
        int bits = 0;
        if (slot == Operand.Slot.IMMEDIATE && suffix.length() == 2) {
            bits = suffix.charAt(1) - '0';
            suffix = suffix.substring(0, 1);
        }
        if (slot == Operand.Slot.RM_VECTOR_INDEX) {
            // The index element's size; "dh" is four-byte indices for eight-byte elements.
            suffix = suffix.substring(0, 1);
        }
        Operand.Size size =
                suffix.isEmpty() ? Operand.Size.B : Operand.Size.valueOf(suffix.toUpperCase(java.util.Locale.ROOT));
        return new Operand(slot, file, size, bits, written);
    }

    private static InstructionForm.Encoding encoding(List<String> words, List<Operand> operands, boolean narrow) {
        if (words.get(0).startsWith("VEX.")) {
            String[] parts = words.get(0).split("\\.");
            return new InstructionForm.Encoding(
                    true,
                    parts[2].equals("NP") ? 0 : Integer.parseInt(parts[2], 16),
                    new int[] {Integer.parseInt(words.get(1), 16)},
                    switch (parts[3]) {
                        case "0F" -> 1;
                        case "0F38" -> 2;
                        case "0F3A" -> 3;
                        default -> throw new IllegalArgumentException(parts[3]);
                    },
                    switch (parts[4]) {
                        case "W0" -> InstructionForm.W.ZERO;
                        case "W1" -> InstructionForm.W.ONE;
                        case "Wy" -> InstructionForm.W.SIZE;
                        case "W*" -> InstructionForm.W.IGNORED;
                        default -> throw new IllegalArgumentException(parts[4]);
                    },
                    switch (parts[1]) {
                        case "0" -> InstructionForm.Length.L128;
                        case "1" -> InstructionForm.Length.L256;
                        case "x" -> InstructionForm.Length.ANY;
                        case "*" -> InstructionForm.Length.IGNORED;
                        default -> throw new IllegalArgumentException(parts[1]);
                    },
                    InstructionForm.Low.NOTHING,
                    digit(words.getLast()));
        }
        return legacy(words, operands, narrow);
    }

    private static InstructionForm.Encoding legacy(List<String> words, List<Operand> operands, boolean narrow) {
        int prefix = 0;
        boolean wide = false;
        InstructionForm.Low low = InstructionForm.Low.NOTHING;
        List<Integer> opcode = new ArrayList<>();
        for (String word : words) {
            if (opcode.isEmpty() && List.of("66", "F2", "F3").contains(word)) {
                prefix = Integer.parseInt(word, 16);
            } else if (word.equals("REX.W")) {
                wide = true;
            } else if (!word.startsWith("/")) {
                int plus = word.indexOf('+');
                opcode.add(Integer.parseInt(plus < 0 ? word : word.substring(0, plus), 16));
                if (plus >= 0) {
                    low = switch (word.substring(plus + 1)) {
                        case "r" -> InstructionForm.Low.REGISTER;
                        case "cc" -> InstructionForm.Low.CONDITION;
                        case "i" -> InstructionForm.Low.X87;
                        default -> throw new IllegalArgumentException(word);
                    };
                }
            }
        }
        boolean sized = operands.stream()
                .anyMatch(operand -> operand.size() == Operand.Size.V
                        || operand.size() == Operand.Size.Z
                        || operand.size() == Operand.Size.Y);
        InstructionForm.W w = wide
                ? InstructionForm.W.ONE
                : narrow ? InstructionForm.W.ZERO : sized ? InstructionForm.W.SIZE : InstructionForm.W.IGNORED;
        return new InstructionForm.Encoding(
                false,
                prefix,
                opcode.stream().mapToInt(Integer::intValue).toArray(),
                0,
                w,
                InstructionForm.Length.L128,
                low,
                digit(words.getLast()));
    }

    private static int digit(String word) {
        if (!word.startsWith("/")) {
            return InstructionForm.NO_MODRM;
        }
        return word.equals("/r") ? InstructionForm.REGISTER : Integer.parseInt(word.substring(1));
    }
}
