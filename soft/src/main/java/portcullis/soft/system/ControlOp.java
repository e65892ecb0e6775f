package portcullis.soft.system;

import portcullis.engine.ExitReason;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.state.State;

/** Control registers: MOV to and from CR0 to CR8, LMSW, SMSW, CLTS (SDM volume 2). */
final class ControlOp extends Op {
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int LMSW = 2;
    private static final int SMSW = 3;
    private static final int CLTS = 4;

    private static final Family FAMILY = ControlOp::new;

    private final int kind;

    private ControlOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 20 /r", "MOV Eq,Cd", FAMILY, READ, Encoding.MOD_IGNORED);
        table.add("0F 22 /r", "MOV Cd,Eq", FAMILY, WRITE, Encoding.MOD_IGNORED | Encoding.END);
        table.add("0F 01 /4", "SMSW Ev", FAMILY, SMSW);
        table.add("0F 01 /6", "LMSW Ew", FAMILY, LMSW, Encoding.END);
        table.add("0F 06", "CLTS", FAMILY, CLTS, Encoding.END);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case READ -> read(cpu);
            case WRITE -> write(cpu);
            case LMSW -> loadStatus(cpu);
            case SMSW -> storeStatus(cpu);
            default -> {
                requirePrivilege(cpu);
                writeCr0(cpu, cpu.cr0() & ~Cpu.CR0_TS);
            }
        }
    }

    /** #GP(0) outside privilege level 0. */
    static void requirePrivilege(Cpu cpu) {
        if (cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    private void requireRegister(Cpu cpu) {
        boolean exists = in.reg == 0 || in.reg >= 2 && in.reg <= 4 || in.reg == 8;
        if (!exists) {
            throw cpu.fault(Fault.UD);
        }
        requirePrivilege(cpu);
    }

    private void read(Cpu cpu) {
        requireRegister(cpu);
        int size = in.is64() ? 8 : 4;
        long value = switch (in.reg) {
            case 0 -> cpu.cr0();
            case 2 -> cpu.field(State.CR2);
            case 3 -> cpu.cr3();
            case 4 -> cpu.cr4();
            default -> cpu.field(State.CR8);
        };
        cpu.reg(in.rm * 8, size, value);
    }

    private void write(Cpu cpu) {
        requireRegister(cpu);
        long value = cpu.reg(in.rm * 8, in.is64() ? 8 : 4);
        switch (in.reg) {
            case 0 -> writeCr0(cpu, value);
            case 2 -> cpu.field(State.CR2, value);
            case 3 -> cpu.writeCr3(value);
            case 4 -> {
                cpu.intercepts.cr4(cpu, value);
                cpu.writeCr4(value);
            }
            default -> taskPriority(cpu, value);
        }
    }

    private void taskPriority(Cpu cpu, long value) {
        if ((value & ~0xfL) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        boolean lowered = value < cpu.field(State.CR8);
        cpu.field(State.CR8, value);
        if (lowered) {
            throw cpu.leaveAfter(this, ExitReason.TASK_PRIORITY);
        }
    }

    /** Loads MP, EM and TS, and sets PE: it cannot clear it. */
    private void loadStatus(Cpu cpu) {
        requirePrivilege(cpu);
        long value = readRm(cpu, 2) & 0xf;
        writeCr0(cpu, cpu.cr0() & ~0xeL | value);
    }

    private static void writeCr0(Cpu cpu, long value) {
        cpu.intercepts.cr0(cpu, value);
        cpu.writeCr0(value);
    }

    private void storeStatus(Cpu cpu) {
        if ((cpu.cr4() & Cpu.CR4_UMIP) != 0 && cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        writeRm(cpu, in.isRegisterForm() ? in.operandSize : 2, cpu.cr0());
    }
}
