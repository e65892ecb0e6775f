package portcullis.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import portcullis.engine.Clock;
import portcullis.memory.GuestMemory;
import portcullis.oracle.generate.SequenceGenerator;
import portcullis.oracle.isa.InstructionForm;
import portcullis.oracle.isa.IsaReader;
import portcullis.soft.SoftEngine;
import portcullis.soft.decode.Encoding;
import portcullis.soft.model.CpuModel;

class CoverageTest {
    private static final long BASE = 0x2000_0000L;

    /** Not for user-mode programs, or with results that no two processors share. Each has its own tests in module soft. */
    private static final Set<String> ELSEWHERE = Set.of(
            // Privileged, or subject to what an operating system allows.
            "LLDT",
            "LTR",
            "SLDT",
            "STR",
            "SMSW",
            "LMSW",
            "CLTS",
            "SGDT",
            "SIDT",
            "LGDT",
            "LIDT",
            "INVLPG",
            "INVPCID",
            "INVD",
            "WBINVD",
            "HLT",
            "RDMSR",
            "WRMSR",
            "XSETBV",
            "CLI",
            "STI",
            "CLAC",
            "STAC",
            "SWAPGS",
            "SYSRET",
            "SYSEXIT",
            "IRET",
            "IN",
            "OUT",
            "INS",
            "OUTS",
            "RDPMC",
            "VMCALL",
            "VMMCALL",
            // Into the operating system, or to a fault.
            "SYSCALL",
            "SYSENTER",
            "INT",
            "INT3",
            "INT1",
            "UD2",
            "JMPF",
            "CALLF",
            "RETF",
            // Segment registers and their bases belong to the host's C library.
            "LSS",
            "LFS",
            "LGS",
            "RDFSBASE",
            "RDGSBASE",
            "WRFSBASE",
            "WRGSBASE",
            // No two processors agree.
            "CPUID",
            "RDTSC",
            "RDTSCP",
            "RDPID",
            "RDRAND",
            "RDSEED",
            "XGETBV",
            "XSAVEOPT",
            // Depends on a control bit that hosts may leave off.
            "RDPKRU",
            "WRPKRU");

    /** Loads of segment registers, and MOV to and from control and debug registers, by their opcodes. */
    private static boolean isSystemMove(Encoding encoding) {
        return encoding.mnemonic.equals("MOV") && (encoding.map() == 1 || encoding.opcode() == 0x8e)
                || encoding.map() == 1
                        && encoding.opcode() >= 0xa0
                        && encoding.opcode() <= 0xa9
                        && encoding.operands.length == 1;
    }

    private static final class NoClock implements Clock {
        @Override
        public long ticks() {
            return 0;
        }

        @Override
        public long frequency() {
            return 1;
        }
    }

    @Test
    void shouldReachEveryUserModeEncodingThatTheProcessorDecodes() {
        Set<String> all = new TreeSet<>();
        IsaReader.readAll().stream().map(InstructionForm::features).forEach(all::addAll);
        try (GuestMemory memory = new GuestMemory(32);
                SoftEngine engine = new SoftEngine(
                        memory, new NoClock(), new CpuModel(CpuModel.Vendor.AMD, CpuModel.available(), 40, 1, 1))) {
            Coverage coverage = new Coverage(engine.opcodes());
            for (String family :
                    new SequenceGenerator(BASE, all, Set.of()).families().keySet()) {
                SequenceGenerator generator = new SequenceGenerator(BASE, all, Set.of(family));
                for (int seed = 0; seed < 4_000; seed++) {
                    coverage.note(generator.next(seed, seed % 16));
                }
            }
            List<String> forgotten = new ArrayList<>();
            for (Encoding encoding : coverage.missing()) {
                if (!ELSEWHERE.contains(encoding.mnemonic) && !isSystemMove(encoding)) {
                    forgotten.add("%s (%smap %d, opcode %02x, reg %d)"
                            .formatted(
                                    encoding.mnemonic,
                                    encoding.isVex() ? "VEX " : "",
                                    encoding.map(),
                                    encoding.opcode(),
                                    encoding.requiredReg()));
                }
            }
            assertEquals(List.of(), forgotten);
        }
    }
}
