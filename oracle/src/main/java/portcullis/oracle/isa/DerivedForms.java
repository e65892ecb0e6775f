package portcullis.oracle.isa;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The MMX and VEX forms that an SSE form's options ask for ({@code mmx}, {@code vex0}, {@code vex2:…}, {@code vex3:…}, {@code vexd:…}). */
final class DerivedForms {
    private DerivedForms() {}

    static List<InstructionForm> of(InstructionForm form) {
        List<InstructionForm> derived = new ArrayList<>();
        if (form.has("mmx")) {
            derived.add(mmx(form));
        }
        for (String option : form.options()) {
            if (option.startsWith("vex")) {
                vex(form, option, derived);
            }
        }
        return derived;
    }

    private static InstructionForm mmx(InstructionForm form) {
        InstructionForm.Encoding sse = form.encoding();
        List<Operand> operands = form.operands().stream()
                .map(operand -> operand.file() == Operand.RegisterFile.VECTOR
                        ? operand.with(Operand.RegisterFile.MMX, Operand.Size.Q)
                        : operand)
                .toList();
        return copy(
                form,
                "mmx",
                form.mnemonic(),
                new InstructionForm.Encoding(false, 0, sse.opcode(), 0, sse.w(), sse.length(), sse.low(), sse.digit()),
                operands,
                form.features());
    }

    private static void vex(InstructionForm form, String option, List<InstructionForm> derived) {
        String kind = option.substring(0, 4);
        String width = option.length() > 5 ? option.substring(5) : "128";
        Set<String> avx = Set.of("avx");
        switch (width) {
            case "avx" -> derived.add(vex(form, kind, InstructionForm.Length.ANY, avx));
            case "avx2" -> {
                derived.add(vex(form, kind, InstructionForm.Length.L128, avx));
                derived.add(vex(form, kind, InstructionForm.Length.L256, Set.of("avx2")));
            }
            case "lig", "ylig" -> derived.add(vex(form, kind, InstructionForm.Length.IGNORED, avx));
            case "128", "y" -> derived.add(vex(form, kind, InstructionForm.Length.L128, avx));
            default -> throw new IllegalArgumentException(option);
        }
    }

    private static InstructionForm vex(
            InstructionForm form, String kind, InstructionForm.Length length, Set<String> feature) {
        InstructionForm.Encoding sse = form.encoding();
        int[] bytes = sse.opcode();
        int map = bytes.length == 2 ? 1 : bytes[1] == 0x38 ? 2 : 3;
        InstructionForm.W w = form.has("w0") ? InstructionForm.W.ZERO : sse.w();
        List<Operand> operands = new ArrayList<>(form.operands());
        switch (kind) {
            case "vex0", "vex2" -> {}
            case "vex3" -> {
                // dest, source -> dest, first source in vvvv, second source
                Operand first = operands.get(0);
                operands.add(1, new Operand(Operand.Slot.VVVV, first.file(), first.size(), 0, false));
            }
            case "vexd" -> {
                // dest in rm -> dest in vvvv, source in rm
                Operand both = operands.get(0);
                operands.set(0, both.with(Operand.Slot.VVVV));
                operands.add(1, new Operand(both.slot(), both.file(), both.size(), 0, false));
            }
            default -> throw new IllegalArgumentException(kind);
        }
        Set<String> features = new LinkedHashSet<>(feature);
        if (form.features().contains("aes") || form.features().contains("pclmul")) {
            features.addAll(form.features());
        }
        return copy(
                form,
                form.family().equals("sse") ? "avx" : form.family(),
                "v" + form.mnemonic(),
                new InstructionForm.Encoding(
                        true,
                        sse.prefix(),
                        new int[] {bytes[bytes.length - 1]},
                        map,
                        w,
                        length,
                        InstructionForm.Low.NOTHING,
                        sse.digit()),
                operands,
                features);
    }

    private static InstructionForm copy(
            InstructionForm form,
            String family,
            String mnemonic,
            InstructionForm.Encoding encoding,
            List<Operand> operands,
            Set<String> features) {
        return new InstructionForm(
                family,
                mnemonic,
                encoding,
                List.copyOf(operands),
                form.flagsWritten(),
                form.flagsUndefined(),
                form.flagsRead(),
                features,
                form.options());
    }
}
