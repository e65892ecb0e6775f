package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** PUSH, POP, PUSHA, POPA, ENTER, LEAVE. */
final class Stack extends Op {
    private static final int PUSH_REG = 0;
    private static final int PUSH_RM = 1;
    private static final int PUSH_IMM = 2;
    private static final int POP_REG = 3;
    private static final int POP_RM = 4;
    private static final int PUSHA = 5;
    private static final int POPA = 6;
    private static final int ENTER = 7;
    private static final int LEAVE = 8;

    static final Family FAMILY = Stack::new;

    private final int kind;
    private final int size;
    private final int register;
    /** 64-bit mode with 8-byte operands. */
    private final boolean simple;

    private Stack(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.operandSize;
        register = in.rm;
        simple = in.is64() && size == 8;
    }

    static void register(OpcodeTable t) {
        int stack = Encoding.D64 | Encoding.STACK;
        t.add("50 +r", "PUSH Zv", FAMILY, PUSH_REG, stack);
        t.add("58 +r", "POP Zv", FAMILY, POP_REG, stack);
        t.add("68", "PUSH Iz", FAMILY, PUSH_IMM, stack);
        t.add("6A", "PUSH Ibs", FAMILY, PUSH_IMM, stack);
        t.add("FF /6", "PUSH Ev", FAMILY, PUSH_RM, stack);
        t.add("8F /0", "POP Ev", FAMILY, POP_RM, stack);
        t.add("60 i64", "PUSHA", FAMILY, PUSHA, Encoding.STACK);
        t.add("61 i64", "POPA", FAMILY, POPA, Encoding.STACK);
        t.add("C8", "ENTER Iw,Ib", FAMILY, ENTER, stack);
        t.add("C9", "LEAVE", FAMILY, LEAVE, stack);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case PUSH_REG -> {
                if (simple) {
                    long pointer = cpu.r64(Cpu.RSP) - 8;
                    cpu.write64(pointer, cpu.r64(register));
                    cpu.r64(Cpu.RSP, pointer);
                } else {
                    cpu.push(cpu.reg(register * 8, size), size);
                }
            }
            case POP_REG -> {
                if (simple) {
                    long pointer = cpu.r64(Cpu.RSP);
                    long value = cpu.read64(pointer);
                    cpu.r64(Cpu.RSP, pointer + 8);
                    cpu.r64(register, value);
                } else {
                    cpu.reg(register * 8, size, cpu.pop(size));
                }
            }
            case PUSH_IMM -> cpu.push(in.immediate, size);
            case PUSH_RM -> cpu.push(readRm(cpu, size), size);
            case POP_RM -> popRm(cpu);
            case PUSHA -> pushAll(cpu);
            case POPA -> popAll(cpu);
            case ENTER -> enter(cpu);
            default -> leave(cpu);
        }
    }

    private void popRm(Cpu cpu) {
        long value = cpu.peekStack(0, size);
        long before = cpu.r64(Cpu.RSP);
        cpu.stackPointer(cpu.stackPointer() + size);
        try {
            // The address is computed with the stack pointer already moved (SDM, POP).
            writeRm(cpu, size, value);
        } catch (RuntimeException e) {
            cpu.r64(Cpu.RSP, before);
            throw e;
        }
    }

    private void pushAll(Cpu cpu) {
        long pointer = cpu.stackPointer();
        for (int i = 1; i <= 8; i++) {
            cpu.probeWrite(cpu.stackLinear(pointer - (long) i * size, size, true), size);
        }
        for (int i = 0; i < 8; i++) {
            cpu.write(cpu.stackLinear(pointer - (i + 1L) * size, size, true), size, cpu.reg(i * 8, size));
        }
        cpu.stackPointer(pointer - 8L * size);
    }

    private void popAll(Cpu cpu) {
        for (int i = 0; i < 8; i++) {
            cpu.probeRead(cpu.stackLinear(cpu.stackPointer() + (long) i * size, size, false), size);
        }
        for (int i = 0; i < 8; i++) {
            int target = 7 - i;
            long value = cpu.peekStack((long) i * size, size);
            if (target != Cpu.RSP) {
                cpu.reg(target * 8, size, value);
            }
        }
        cpu.stackPointer(cpu.stackPointer() + 8L * size);
    }

    private void enter(Cpu cpu) {
        int level = in.immediate2 & 31;
        long allocate = in.immediate & 0xffff;
        long pointer = cpu.stackPointer();
        long frame = pointer - size;
        long end = pointer - size * (1L + level) - allocate;
        cpu.probeWrite(cpu.stackLinear(end, size, true), size);
        cpu.write(cpu.stackLinear(frame, size, true), size, cpu.reg(Cpu.RBP * 8, size));
        if (level > 0) {
            long source = cpu.reg(Cpu.RBP * 8, cpu.stackSize());
            for (int i = 1; i < level; i++) {
                long value = cpu.read(cpu.stackLinear(source - (long) i * size, size, false), size);
                cpu.write(cpu.stackLinear(frame - (long) i * size, size, true), size, value);
            }
            cpu.write(cpu.stackLinear(frame - (long) level * size, size, true), size, frame);
        }
        cpu.reg(Cpu.RBP * 8, size, frame);
        cpu.stackPointer(end);
    }

    private void leave(Cpu cpu) {
        long frame = cpu.reg(Cpu.RBP * 8, cpu.stackSize());
        long value = cpu.read(cpu.stackLinear(frame, size, false), size);
        cpu.stackPointer(frame + size);
        cpu.reg(Cpu.RBP * 8, size, value);
    }
}
