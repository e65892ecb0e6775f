package portcullis.soft.protect;

import portcullis.engine.InterceptedRegister;
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
    private static final int PUSH = 6;
    private static final int POP = 7;
    private static final int FAR_POINTER = 8;

    private static final Family FAMILY = SegmentOp::new;

    /** Of {@link #kind}: which segment register, where the opcode names it. */
    private static final int REGISTER_SHIFT = 8;

    private final int kind;
    private final int register;

    private SegmentOp(Instruction in) {
        super(in);
        kind = in.encoding.kind & (1 << REGISTER_SHIFT) - 1;
        register = in.encoding.kind >>> REGISTER_SHIFT;
    }

    static void register(OpcodeTable table) {
        for (int register : new int[] {0, 3, 4, 5}) {
            table.add("8E /" + register, "MOV Sw,Ew", FAMILY, LOAD);
        }
        table.add("8E /2", "MOV Sw,Ew", FAMILY, LOAD, Encoding.END);
        for (int register = 0; register < 6; register++) {
            table.add("8C /" + register, "MOV Ev,Sw", FAMILY, STORE);
        }
        String[] names = {"ES", "CS", "SS", "DS", "FS", "GS"};
        String[] pushes = {"06 i64", "0E i64", "16 i64", "1E i64", "0F A0", "0F A8"};
        String[] pops = {"07 i64", null, "17 i64", "1F i64", "0F A1", "0F A9"};
        String[] pointers = {"C4 /r i64 mem", null, "0F B2 /r mem", "C5 /r i64 mem", "0F B4 /r mem", "0F B5 /r mem"};
        int stack = Encoding.STACK | Encoding.D64;
        for (int i = 0; i < 6; i++) {
            int which = i << REGISTER_SHIFT;
            table.add(pushes[i], "PUSH " + names[i], FAMILY, PUSH | which, stack);
            if (i != Registers.CS) {
                int end = i == Registers.SS ? Encoding.END : 0;
                table.add(pops[i], "POP " + names[i], FAMILY, POP | which, stack | end);
                table.add(pointers[i], "L" + names[i] + " Gv,Mp", FAMILY, FAR_POINTER | which, end);
            }
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
                SegmentLoad.load(cpu, in.reg & 7, (int) readRm(cpu, 2));
                if ((in.reg & 7) == Registers.SS) {
                    shadow(cpu);
                }
            }
            case STORE -> store(cpu, cpu.selector(in.reg & 7));
            case PUSH -> cpu.push(cpu.selector(register), in.operandSize);
            case POP -> pop(cpu);
            case FAR_POINTER -> farPointer(cpu);
            case SLDT -> storeSystem(cpu, Registers.LDTR);
            case STR -> storeSystem(cpu, Registers.TR);
            case LLDT -> SegmentLoad.localTable(cpu, privilegedSelector(cpu, InterceptedRegister.LDTR));
            default -> SegmentLoad.taskRegister(cpu, privilegedSelector(cpu, InterceptedRegister.TR));
        }
    }

    /** The stack pointer moves by the width of the stack that was popped from, also where SS is loaded. */
    private void pop(Cpu cpu) {
        int selector = (int) cpu.peekStack(0, in.operandSize) & 0xffff;
        int width = cpu.stackSize();
        long next = cpu.stackPointer() + in.operandSize;
        SegmentLoad.load(cpu, register, selector);
        cpu.reg(Registers.RSP * 8, width, next);
        if (register == Registers.SS) {
            shadow(cpu);
        }
    }

    private void farPointer(Cpu cpu) {
        int size = in.operandSize;
        long address = linear(cpu, size + 2, false);
        long offset = cpu.read(address, size);
        SegmentLoad.load(cpu, register, cpu.read16(address + size));
        writeReg(cpu, size, offset);
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
        cpu.requireStore(register == Registers.LDTR ? Cpu.STORE_LDT : Cpu.STORE_TASK, in);
        store(cpu, cpu.selector(register));
    }

    private int privilegedSelector(Cpu cpu, InterceptedRegister into) {
        if (!cpu.isProtected()) {
            throw cpu.fault(Fault.UD);
        }
        if (cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        if (cpu.intercepts.asksFor(into)) {
            if (in.isRegisterForm()) {
                cpu.intercepts.write(cpu, into, readRm(cpu, 2));
            } else {
                cpu.intercepts.writeFrom(cpu, into, linear(cpu, 2, false));
            }
        }
        return (int) readRm(cpu, 2);
    }
}
