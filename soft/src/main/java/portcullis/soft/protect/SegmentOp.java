package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Segment registers: MOV, PUSH, POP, LLDT, LTR, SLDT, STR. */
final class SegmentOp extends Op {
    private static final int LOAD = 0;
    private static final int STORE = 1;
    private static final int LLDT = 2;
    private static final int LTR = 3;
    private static final int SLDT = 4;
    private static final int STR = 5;

    private static final Family FAMILY = SegmentOp::new;

    private final int kind;

    private SegmentOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        for (int register : new int[] {0, 3, 4, 5}) {
            table.add("8E /" + register, "MOV Sw,Ew", FAMILY, LOAD);
        }
        table.add("8E /2", "MOV Sw,Ew", FAMILY, LOAD, Encoding.END);
        for (int register = 0; register < 6; register++) {
            table.add("8C /" + register, "MOV Ev,Sw", FAMILY, STORE);
        }
        table.add("0F 00 /0", "SLDT Ev", FAMILY, SLDT);
        table.add("0F 00 /1", "STR Ev", FAMILY, STR);
        table.add("0F 00 /2", "LLDT Ew", FAMILY, LLDT);
        table.add("0F 00 /3", "LTR Ew", FAMILY, LTR);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case LOAD -> {
                int register = in.reg & 7;
                SegmentLoad.load(cpu, register, (int) readRm(cpu, 2));
                if (register == Registers.SS) {
                    shadow(cpu);
                }
            }
            case STORE -> store(cpu, cpu.selector(in.reg & 7));
            case SLDT -> storeSystem(cpu, Registers.LDTR);
            case STR -> storeSystem(cpu, Registers.TR);
            case LLDT -> SegmentLoad.localTable(cpu, privilegedSelector(cpu));
            default -> SegmentLoad.taskRegister(cpu, privilegedSelector(cpu));
        }
    }

    /** Nothing interrupts between a load of SS and the instruction behind it, which loads the stack pointer. */
    static void shadow(Cpu cpu) {
        cpu.shadow |= Cpu.SHADOW_SS;
        cpu.attentionChanged();
    }

    /** A selector is stored in 16 bits to memory, zero-extended to a register. */
    private void store(Cpu cpu, int selector) {
        writeRm(cpu, in.isRegisterForm() ? in.operandSize : 2, selector);
    }

    private void storeSystem(Cpu cpu, int register) {
        if (!cpu.isProtected()) {
            throw cpu.fault(Fault.UD);
        }
        if ((cpu.cr4() & Cpu.CR4_UMIP) != 0 && cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        store(cpu, cpu.selector(register));
    }

    private int privilegedSelector(Cpu cpu) {
        if (!cpu.isProtected()) {
            throw cpu.fault(Fault.UD);
        }
        if (cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        return (int) readRm(cpu, 2);
    }
}
