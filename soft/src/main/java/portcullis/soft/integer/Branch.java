package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Near JMP, CALL, RET; JCXZ and LOOP. */
final class Branch extends Op {
    private static final int JMP = 0;
    private static final int JMP_INDIRECT = 1;
    private static final int CALL = 2;
    private static final int CALL_INDIRECT = 3;
    private static final int RET = 4;
    private static final int JCXZ = 5;
    private static final int LOOP = 6;
    private static final int LOOPE = 7;
    private static final int LOOPNE = 8;

    static final Family FAMILY = Branch::new;

    private final int kind;
    private final int size;
    private final long target;
    private final long next;

    private Branch(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.operandSize;
        target = in.immediate;
        next = in.nextRip();
    }

    static void register(OpcodeTable t) {
        int direct = Encoding.TRANSFER | Encoding.DIRECT | Encoding.F64;
        int indirect = Encoding.TRANSFER | Encoding.F64;
        t.add("EB", "JMP Jb", FAMILY, JMP, direct);
        t.add("E9", "JMP Jz", FAMILY, JMP, direct);
        t.add("E8", "CALL Jz", FAMILY, CALL, direct | Encoding.STACK);
        t.add("FF /4", "JMP Ev", FAMILY, JMP_INDIRECT, indirect);
        t.add("FF /2", "CALL Ev", FAMILY, CALL_INDIRECT, indirect | Encoding.STACK);
        t.add("C3", "RET", FAMILY, RET, indirect | Encoding.STACK);
        t.add("C2", "RET Iw", FAMILY, RET, indirect | Encoding.STACK);
        t.add("E0", "LOOPNE Jb", FAMILY, LOOPNE, direct);
        t.add("E1", "LOOPE Jb", FAMILY, LOOPE, direct);
        t.add("E2", "LOOP Jb", FAMILY, LOOP, direct);
        t.add("E3", "JCXZ Jb", FAMILY, JCXZ, direct);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case JMP -> cpu.branch(target);
            case JMP_INDIRECT -> cpu.branch(readRm(cpu, size));
            case CALL -> call(cpu, target);
            case CALL_INDIRECT -> call(cpu, readRm(cpu, size));
            case RET -> ret(cpu);
            default -> loop(cpu);
        }
    }

    private void call(Cpu cpu, long to) {
        long before = cpu.rip();
        cpu.branch(to);
        try {
            cpu.push(next, size);
        } catch (RuntimeException e) {
            cpu.rip(before);
            throw e;
        }
    }

    private void ret(Cpu cpu) {
        long to = cpu.peekStack(0, size);
        cpu.branch(to);
        cpu.stackPointer(cpu.stackPointer() + size + (in.immediate & 0xffff));
    }

    private void loop(Cpu cpu) {
        int width = in.addressSize;
        long count = cpu.reg(Cpu.RCX * 8, width);
        boolean jump;
        if (kind == JCXZ) {
            jump = count == 0;
        } else {
            count--;
            boolean condition = kind == LOOP || cpu.zf() == (kind == LOOPE);
            boolean zero = width == 8 ? count == 0 : (count & (1L << width * 8) - 1) == 0;
            jump = !zero && condition;
        }
        if (jump) {
            cpu.branch(target);
        } else {
            cpu.rip(next);
        }
        if (kind != JCXZ) {
            cpu.reg(Cpu.RCX * 8, width, count);
        }
    }
}
