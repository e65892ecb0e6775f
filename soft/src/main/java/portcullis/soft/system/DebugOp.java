package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.state.State;

/** MOV to and from debug registers (SDM volume 2; volume 3, 17.2). */
final class DebugOp extends Op {
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final Family FAMILY = DebugOp::new;

    /** DR7: any access to a debug register is a debug exception. */
    private static final long GENERAL_DETECT = 1 << 13;

    /** DR6: such an access was made. */
    private static final long ACCESS_DETECTED = 1 << 13;

    private static final long DR6_WRITABLE = 0xe00f;
    private static final long DR6_ONES = 0xffff_0ff0L;

    private final int kind;

    private DebugOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 21 /r", "MOV Eq,Dd", FAMILY, READ, Encoding.MOD_IGNORED);
        table.add("0F 23 /r", "MOV Dd,Eq", FAMILY, WRITE, Encoding.MOD_IGNORED | Encoding.END);
    }

    @Override
    public void execute(Cpu cpu) {
        int number = in.reg;
        boolean alias = number == 4 || number == 5;
        if (number > 7 || alias && (cpu.cr4() & Cpu.CR4_DE) != 0) {
            throw cpu.fault(Fault.UD);
        }
        ControlOp.requirePrivilege(cpu);
        if ((cpu.field(State.DR7) & GENERAL_DETECT) != 0) {
            cpu.field(State.DR6, cpu.field(State.DR6) | ACCESS_DETECTED);
            throw cpu.fault(Fault.DB);
        }
        int effective = alias ? number + 2 : number;
        int size = in.is64() ? 8 : 4;
        int field = effective < 4 ? State.DR + effective * 8 : effective == 6 ? State.DR6 : State.DR7;
        if (kind == READ) {
            cpu.reg(in.rm * 8, size, cpu.field(field));
            return;
        }
        long value = cpu.reg(in.rm * 8, size);
        if (effective >= 6 && value >>> 32 != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        switch (effective) {
            case 6 -> cpu.field(field, value & DR6_WRITABLE | DR6_ONES);
            case 7 -> cpu.writeDr7(value);
            default -> cpu.field(field, value);
        }
    }
}
