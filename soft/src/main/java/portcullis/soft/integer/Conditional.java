package portcullis.soft.integer;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Jcc, SETcc, CMOVcc. */
final class Conditional extends Template {
    private static final int JUMP = 0;
    private static final int SET = 1;
    private static final int MOVE = 2;
    private static final String[] SUFFIXES = {
        "O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"
    };

    // Key: condition 3:0, kind 5:4, flat 6, log2 of the size 8:7, memory 9, 64-bit mode 10.
    private static final int KEY = key(MethodHandles.lookup());
    private static final int CONDITION = KEY & 15;
    private static final int KIND = KEY >>> 4 & 3;
    private static final boolean FLAT = (KEY & 1 << 6) != 0;
    private static final int SIZE = 1 << (KEY >>> 7 & 3);
    private static final boolean MEMORY = (KEY & 1 << 9) != 0;
    private static final boolean MODE64 = (KEY & 1 << 10) != 0;

    private static final Specializations SPECIALIZED = new Specializations(Conditional.class);

    static final Family FAMILY = Conditional::specialize;

    private final long taken;
    private final long next;
    private final int reg;
    private final int rm;

    private Conditional(Instruction in) {
        super(in);
        taken = in == null ? 0 : in.immediate;
        next = in == null ? 0 : in.nextRip();
        reg = in == null ? 0 : in.reg * 8;
        rm = in == null ? 0 : in.encoding.kind == SET ? in.byteRegister(in.rm) : in.rm * 8;
    }

    @Override
    protected Op make(Instruction in) {
        return new Conditional(in);
    }

    private static Op specialize(Instruction in) {
        int size = in.encoding.kind == SET ? 1 : in.operandSize;
        int key = in.opcode & 15
                | in.encoding.kind << 4
                | (in.memory && isFlat(in) ? 1 << 6 : 0)
                | log2(size) << 7
                | (in.memory ? 1 << 9 : 0)
                | (in.is64() ? 1 << 10 : 0);
        return SPECIALIZED.make(key, in);
    }

    static void register(OpcodeTable t) {
        int branch = Encoding.TRANSFER | Encoding.DIRECT | Encoding.F64;
        for (int i = 0; i < 16; i++) {
            t.add("%02X".formatted(0x70 + i), "J" + SUFFIXES[i] + " Jb", FAMILY, JUMP, branch);
            t.add("0F %02X".formatted(0x80 + i), "J" + SUFFIXES[i] + " Jz", FAMILY, JUMP, branch);
            t.add("0F %02X /r".formatted(0x90 + i), "SET" + SUFFIXES[i] + " Eb", FAMILY, SET);
            t.add("0F %02X".formatted(0x40 + i), "CMOV" + SUFFIXES[i] + " Gv,Ev", FAMILY, MOVE);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        switch (KIND) {
            case JUMP -> {
                if (!cpu.condition(CONDITION)) {
                    cpu.rip(next);
                } else if (MODE64 && taken == taken << 17 >> 17) {
                    cpu.rip(taken);
                } else {
                    cpu.branch(taken);
                }
            }
            case SET -> {
                int value = cpu.condition(CONDITION) ? 1 : 0;
                if (MEMORY) {
                    cpu.write8(address(cpu, FLAT, 1, true), value);
                } else {
                    cpu.r8(rm, value);
                }
            }
            default -> {
                // The source is read, and a 32-bit target's upper half cleared, whatever the condition.
                long value = MEMORY ? cpu.read(address(cpu, FLAT, SIZE, false), SIZE) : cpu.reg(rm, SIZE);
                cpu.reg(reg, SIZE, cpu.condition(CONDITION) ? value : cpu.reg(reg, SIZE));
            }
        }
    }
}
