package portcullis.soft.integer;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;

/** MOV between general registers, memory and immediates; MOVZX, MOVSX, MOVSXD; LEA. */
final class Move extends Template {
    private static final int MOV = 0;
    private static final int ZERO_EXTEND = 1;
    private static final int SIGN_EXTEND = 2;
    private static final int LEA = 3;

    private static final int REG_REG = 0;
    private static final int REG_IMM = 1;
    private static final int LOAD = 2;
    private static final int STORE = 3;
    private static final int STORE_IMM = 4;

    // Key: kind 1:0, log2 of target size 3:2, log2 of source size 5:4, form 8:6, flat 9.
    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & 3;
    private static final int SIZE = 1 << (KEY >>> 2 & 3);
    private static final int FROM = 1 << (KEY >>> 4 & 3);
    private static final int FORM = KEY >>> 6 & 7;
    private static final boolean FLAT = (KEY & 1 << 9) != 0;

    private static final Specializations SPECIALIZED = new Specializations(Move.class);

    static final Family FAMILY = Move::specialize;

    private final int target;
    private final int source;
    private final long immediate;

    private Move(Instruction in) {
        super(in);
        if (in == null) {
            target = 0;
            source = 0;
            immediate = 0;
            return;
        }
        Operand[] operands = in.encoding.operands;
        target = register(in, operands[0]);
        source = register(in, operands[1]);
        immediate = in.immediate;
    }

    private static int register(Instruction in, Operand operand) {
        int size = in.size(operand);
        return switch (operand.place) {
            case REG -> in.register(in.reg, size);
            case RM, OPCODE -> in.register(in.rm, size);
            default -> 0;
        };
    }

    @Override
    protected Op make(Instruction in) {
        return new Move(in);
    }

    private static Op specialize(Instruction in) {
        Operand[] operands = in.encoding.operands;
        int size = in.size(operands[0]);
        int from = in.encoding.kind == LEA ? size : in.size(operands[1]);
        boolean immediate = operands[1].place == Operand.Place.IMMEDIATE;
        if (immediate) {
            from = size;
        }
        int form;
        if (!in.memory) {
            form = immediate ? REG_IMM : REG_REG;
        } else if (immediate) {
            form = STORE_IMM;
        } else {
            boolean toMemory = operands[0].place == Operand.Place.RM || operands[0].place == Operand.Place.OFFSET;
            form = toMemory ? STORE : LOAD;
        }
        int key = in.encoding.kind
                | log2(size) << 2
                | log2(from) << 4
                | form << 6
                | (in.memory && isFlat(in) ? 1 << 9 : 0);
        return SPECIALIZED.make(key, in);
    }

    static void register(OpcodeTable t) {
        t.add("88", "MOV Eb,Gb", FAMILY, MOV);
        t.add("89", "MOV Ev,Gv", FAMILY, MOV);
        t.add("8A", "MOV Gb,Eb", FAMILY, MOV);
        t.add("8B", "MOV Gv,Ev", FAMILY, MOV);
        t.add("A0", "MOV AL,Ob", FAMILY, MOV);
        t.add("A1", "MOV AX,Ov", FAMILY, MOV);
        t.add("A2", "MOV Ob,AL", FAMILY, MOV);
        t.add("A3", "MOV Ov,AX", FAMILY, MOV);
        t.add("B0 +r", "MOV Zb,Ib", FAMILY, MOV);
        t.add("B8 +r", "MOV Zv,Iv", FAMILY, MOV);
        t.add("C6 /0", "MOV Eb,Ib", FAMILY, MOV);
        t.add("C7 /0", "MOV Ev,Iz", FAMILY, MOV);
        t.add("0F B6", "MOVZX Gv,Eb", FAMILY, ZERO_EXTEND);
        t.add("0F B7", "MOVZX Gv,Ew", FAMILY, ZERO_EXTEND);
        t.add("0F BE", "MOVSX Gv,Eb", FAMILY, SIGN_EXTEND);
        t.add("0F BF", "MOVSX Gv,Ew", FAMILY, SIGN_EXTEND);
        t.add("63 o64 W1", "MOVSXD Gv,Ed", FAMILY, SIGN_EXTEND);
        t.add("63 o64", "MOVSXD Gv,Ev", FAMILY, MOV);
        t.add("8D mem", "LEA Gv,M", FAMILY, LEA);
    }

    @Override
    public void execute(Cpu cpu) {
        if (KIND == LEA) {
            long offset = FLAT ? cpu.field(base) + (cpu.field(index) << scale) + displacement : offset(cpu);
            cpu.reg(target, SIZE, offset);
            return;
        }
        switch (FORM) {
            case REG_REG -> cpu.reg(target, SIZE, extend(cpu.reg(source, FROM)));
            case REG_IMM -> cpu.reg(target, SIZE, immediate);
            case LOAD -> cpu.reg(target, SIZE, extend(cpu.read(address(cpu, FLAT, FROM, false), FROM)));
            case STORE -> cpu.write(address(cpu, FLAT, SIZE, true), SIZE, cpu.reg(source, SIZE));
            default -> cpu.write(address(cpu, FLAT, SIZE, true), SIZE, immediate);
        }
    }

    private static long extend(long value) {
        if (KIND != SIGN_EXTEND) {
            return value;
        }
        int shift = 64 - FROM * 8;
        return value << shift >> shift;
    }
}
