package portcullis.oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import portcullis.oracle.generate.InputState;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.Layout;
import portcullis.oracle.sandbox.Trampoline;

/** Prints a finding: the program as assembly, the input that matters, what differs. */
final class Report {
    private static final String[] REGISTERS = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };

    private Report() {}

    static String of(Duel duel, Finding finding) {
        TestCase test = finding.test();
        Batch batch = new Batch(List.of(test), duel.base(), duel.trampoline());
        StringBuilder text = new StringBuilder();
        text.append("case %d:%d  %s\n".formatted(test.seed(), test.slot(), finding.signature()));
        text.append(assembly(batch.code(0), batch.codeAddress(0)));
        text.append("scratch memory at 0x%x\n".formatted(duel.base() + Layout.data(test.slot()) + Layout.SCRATCH));
        input(test.input(), duel.trampoline().extent(), text);
        if (finding.problem() != null) {
            text.append(finding.problem()).append('\n');
        }
        finding.differences().forEach(line -> text.append("  ").append(line).append('\n'));
        int undefined = test.undefinedFlags();
        if (undefined != 0) {
            text.append("  (flags 0x%x are undefined and were not compared)\n".formatted(undefined));
        }
        return text.toString();
    }

    private static void input(InputState input, Trampoline.Extent extent, StringBuilder text) {
        text.append("input: rflags=%x".formatted(input.rflags));
        for (int i = 0; i < 16; i++) {
            if (i != 4 && input.gpr[i] != 0) {
                text.append(" %s=%x".formatted(REGISTERS[i], input.gpr[i]));
            }
        }
        text.append("\n");
        if (extent != Trampoline.Extent.GENERAL) {
            floating(input, text);
        }
        for (int i = 0; i < input.scratch.length; i += 32) {
            bytes("scratch+0x%x".formatted(i), input.scratch, i, 32, text);
        }
    }

    private static void floating(InputState input, StringBuilder text) {
        text.append("       fcw=%02x%02x fsw=%02x%02x ftw=%02x mxcsr=%02x%02x\n"
                .formatted(
                        input.fxsave[1],
                        input.fxsave[0],
                        input.fxsave[3],
                        input.fxsave[2],
                        input.fxsave[4],
                        input.fxsave[25],
                        input.fxsave[24]));
        for (int i = 0; i < 8; i++) {
            bytes("st" + i, input.fxsave, 32 + 16 * i, 10, text);
        }
        for (int i = 0; i < 16; i++) {
            bytes("ymm" + i, input.ymm, 32 * i, 32, text);
        }
    }

    /** Most significant byte first, as people write registers; nothing for zero. */
    private static void bytes(String name, byte[] from, int at, int length, StringBuilder text) {
        boolean zero = true;
        StringBuilder digits = new StringBuilder();
        for (int i = length - 1; i >= 0; i--) {
            zero &= from[at + i] == 0;
            digits.append("%02x".formatted(from[at + i])).append(i % 8 == 0 && i > 0 ? "_" : "");
        }
        if (!zero) {
            text.append("       %s=%s\n".formatted(name, digits));
        }
    }

    /** By objdump where it is installed, else by the engine's disassembler. */
    static String assembly(byte[] code, long address) {
        try {
            return objdump(code, address);
        } catch (IOException e) {
            return "  " + HexFormat.ofDelimiter(" ").formatHex(code) + "\n";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static String objdump(byte[] code, long address) throws IOException, InterruptedException {
        Path file = Files.createTempFile("oracle", ".bin");
        try {
            Files.write(file, code);
            Process process = new ProcessBuilder(
                            "objdump",
                            "-D",
                            "-w",
                            "-bbinary",
                            "-mi386:x86-64",
                            "-Mintel",
                            "--adjust-vma=0x" + Long.toHexString(address),
                            file.toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            StringBuilder text = new StringBuilder();
            output.lines()
                    .filter(line -> line.contains(":\t"))
                    .forEach(line -> text.append(line).append('\n'));
            return text.toString();
        } finally {
            Files.delete(file);
        }
    }
}
