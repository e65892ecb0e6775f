package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.fp.sse.Mxcsr;
import portcullis.soft.state.State;
import portcullis.soft.x87.X87Unit;

/** MXCSR to and from memory, EMMS, VZEROUPPER, VZEROALL; and MOVNTI, which has no vector but came with them. */
final class VectorState extends VectorOp {
    private static final int LDMXCSR = 0;
    private static final int STMXCSR = 1;
    private static final int EMMS = 2;
    private static final int VZEROUPPER = 3;
    private static final int VZEROALL = 4;
    private static final int MOVNTI = 5;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new VectorState(in);

    private final int kind;

    private VectorState(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("NP 0F AE /2 mem", "LDMXCSR Md", LDMXCSR);
        rows.one("VEX.L0 NP 0F AE /2 mem", "VLDMXCSR Md", LDMXCSR);
        rows.one("NP 0F AE /3 mem", "STMXCSR Md", STMXCSR);
        rows.one("VEX.L0 NP 0F AE /3 mem", "VSTMXCSR Md", STMXCSR);
        rows.one("NP 0F 77", "EMMS", EMMS);
        rows.one("VEX.L0 NP 0F 77", "VZEROUPPER", VZEROUPPER);
        rows.one("VEX.L1 NP 0F 77", "VZEROALL", VZEROALL);
        rows.one("NP 0F C3 mem", "MOVNTI My,Gy", MOVNTI);
    }

    @Override
    public void execute(Cpu cpu) {
        if (kind == MOVNTI) {
            int size = in.size(Operand.My);
            cpu.write(linear(cpu, size, true), size, cpu.r64(in.reg));
            return;
        }
        require(cpu, kind == EMMS ? MMX : form(in));
        switch (kind) {
            case LDMXCSR -> {
                int value = (int) cpu.read32(linear(cpu, 4, false));
                if ((value & ~Mxcsr.WRITABLE) != 0) {
                    throw cpu.fault(Fault.GP, 0);
                }
                cpu.field32(State.MXCSR, value);
            }
            case STMXCSR -> cpu.write32(linear(cpu, 4, true), cpu.field32(State.MXCSR));
            case EMMS -> X87Unit.leaveMmx(cpu);
            default -> {
                // Outside 64-bit mode there are eight registers, and the others keep what they have.
                int registers = in.is64() ? 16 : 8;
                for (int i = 0; i < registers; i++) {
                    clear(cpu, vectorRegister(i));
                }
            }
        }
    }

    private void clear(Cpu cpu, int register) {
        if (kind == VZEROALL) {
            cpu.field(register, 0);
            cpu.field(register + 8, 0);
        }
        cpu.field(register + 16, 0);
        cpu.field(register + 24, 0);
    }
}
