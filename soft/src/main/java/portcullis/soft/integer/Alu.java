package portcullis.soft.integer;

import java.lang.invoke.MethodHandles;
import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;

/** ADD OR ADC SBB AND SUB XOR CMP TEST and INC DEC NEG NOT, all forms. */
final class Alu extends Template {
    private static final int ADD = 0;
    private static final int OR = 1;
    private static final int ADC = 2;
    private static final int SBB = 3;
    private static final int AND = 4;
    private static final int SUB = 5;
    private static final int XOR = 6;
    private static final int CMP = 7;
    private static final int TEST = 8;
    private static final int INC = 9;
    private static final int DEC = 10;
    private static final int NEG = 11;
    private static final int NOT = 12;
    private static final String[] NAMES = {
        "ADD", "OR", "ADC", "SBB", "AND", "SUB", "XOR", "CMP", "TEST", "INC", "DEC", "NEG", "NOT"
    };

    // Operand forms.
    private static final int REG_REG = 0;
    private static final int REG_IMM = 1;
    private static final int REG_MEM = 2;
    private static final int MEM_REG = 3;
    private static final int MEM_IMM = 4;

    // Key: kind 3:0, log2 of the size 5:4, form 8:6, LOCK 9, flat 10.
    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & 15;
    private static final int SIZE = 1 << (KEY >>> 4 & 3);
    private static final int FORM = KEY >>> 6 & 7;
    private static final boolean LOCKED = (KEY & 1 << 9) != 0;
    private static final boolean FLAT = (KEY & 1 << 10) != 0;

    private static final Specializations SPECIALIZED = new Specializations(Alu.class);

    static final Family FAMILY = Alu::specialize;

    private final int target;
    private final int source;
    private final long immediate;

    private Alu(Instruction in) {
        super(in);
        if (in == null) {
            target = 0;
            source = 0;
            immediate = 0;
            return;
        }
        Operand first = in.encoding.operands[0];
        int size = in.size(first);
        boolean registerFirst = first.place == Operand.Place.REG;
        target = switch (first.place) {
            case REG -> in.register(in.reg, size);
            case FIXED -> in.register(0, size);
            default -> in.register(in.rm, size);
        };
        source = registerFirst ? in.register(in.rm, size) : in.register(in.reg, size);
        immediate = in.immediate;
    }

    @Override
    protected Op make(Instruction in) {
        return new Alu(in);
    }

    private static Op specialize(Instruction in) {
        Operand[] operands = in.encoding.operands;
        int size = in.size(operands[0]);
        boolean immediate = operands.length == 1 || operands[1].place == Operand.Place.IMMEDIATE;
        int form;
        if (!in.memory) {
            form = immediate ? REG_IMM : REG_REG;
        } else if (operands[0].place == Operand.Place.REG) {
            form = REG_MEM;
        } else {
            form = immediate ? MEM_IMM : MEM_REG;
        }
        int key = in.encoding.kind
                | log2(size) << 4
                | form << 6
                | (in.has(Instruction.LOCK) ? 1 << 9 : 0)
                | (in.memory && isFlat(in) ? 1 << 10 : 0);
        return SPECIALIZED.make(key, in);
    }

    static void register(OpcodeTable t) {
        for (int kind = ADD; kind <= CMP; kind++) {
            String name = NAMES[kind];
            int opcode = kind * 8;
            int lock = kind == CMP ? 0 : Encoding.LOCK;
            t.add(hex(opcode), name + " Eb,Gb", FAMILY, kind, lock);
            t.add(hex(opcode + 1), name + " Ev,Gv", FAMILY, kind, lock);
            t.add(hex(opcode + 2), name + " Gb,Eb", FAMILY, kind);
            t.add(hex(opcode + 3), name + " Gv,Ev", FAMILY, kind);
            t.add(hex(opcode + 4), name + " AL,Ib", FAMILY, kind);
            t.add(hex(opcode + 5), name + " AX,Iz", FAMILY, kind);
            t.add("80 /" + kind, name + " Eb,Ib", FAMILY, kind, lock);
            t.add("81 /" + kind, name + " Ev,Iz", FAMILY, kind, lock);
            t.add("82 /" + kind + " i64", name + " Eb,Ib", FAMILY, kind, lock);
            t.add("83 /" + kind, name + " Ev,Ibs", FAMILY, kind, lock);
        }
        t.add("84", "TEST Eb,Gb", FAMILY, TEST);
        t.add("85", "TEST Ev,Gv", FAMILY, TEST);
        t.add("A8", "TEST AL,Ib", FAMILY, TEST);
        t.add("A9", "TEST AX,Iz", FAMILY, TEST);
        for (int reg = 0; reg < 2; reg++) {
            t.add("F6 /" + reg, "TEST Eb,Ib", FAMILY, TEST);
            t.add("F7 /" + reg, "TEST Ev,Iz", FAMILY, TEST);
        }
        t.add("40 +r i64", "INC Zv", FAMILY, INC);
        t.add("48 +r i64", "DEC Zv", FAMILY, DEC);
        t.add("FE /0", "INC Eb", FAMILY, INC, Encoding.LOCK);
        t.add("FF /0", "INC Ev", FAMILY, INC, Encoding.LOCK);
        t.add("FE /1", "DEC Eb", FAMILY, DEC, Encoding.LOCK);
        t.add("FF /1", "DEC Ev", FAMILY, DEC, Encoding.LOCK);
        t.add("F6 /2", "NOT Eb", FAMILY, NOT, Encoding.LOCK);
        t.add("F7 /2", "NOT Ev", FAMILY, NOT, Encoding.LOCK);
        t.add("F6 /3", "NEG Eb", FAMILY, NEG, Encoding.LOCK);
        t.add("F7 /3", "NEG Ev", FAMILY, NEG, Encoding.LOCK);
    }

    private static String hex(int opcode) {
        return "%02X".formatted(opcode);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (FORM) {
            case REG_REG -> toRegister(cpu, cpu.reg(source, SIZE));
            case REG_IMM -> toRegister(cpu, immediate);
            case REG_MEM -> toRegister(cpu, cpu.read(address(cpu, FLAT, SIZE, false), SIZE));
            default -> {
                long operand = FORM == MEM_REG ? cpu.reg(source, SIZE) : immediate;
                if (KIND == CMP || KIND == TEST) {
                    compute(cpu, cpu.read(address(cpu, FLAT, SIZE, false), SIZE), operand);
                } else if (LOCKED) {
                    locked(cpu, operand);
                } else {
                    toMemory(cpu, operand);
                }
            }
        }
    }

    private void toRegister(Cpu cpu, long operand) {
        long result = compute(cpu, cpu.reg(target, SIZE), operand);
        if (KIND != CMP && KIND != TEST) {
            cpu.reg(target, SIZE, result);
        }
    }

    private void toMemory(Cpu cpu, long operand) {
        long la = address(cpu, FLAT, SIZE, true);
        long host = cpu.hostForModify(la, SIZE);
        if (host == 0) {
            slow(cpu, la, operand);
            return;
        }
        long result = compute(cpu, Atomics.load(host, SIZE), operand);
        switch (SIZE) {
            case 1 -> HostMemory.putByteRelease(host, (byte) result);
            case 2 -> HostMemory.putShortRelease(host, (short) result);
            case 4 -> HostMemory.putIntRelease(host, (int) result);
            default -> HostMemory.putLongRelease(host, result);
        }
    }

    private void slow(Cpu cpu, long la, long operand) {
        long before = cpu.beginModify(la, SIZE);
        long result = pure(cpu, before, operand);
        cpu.writeSlow(la, SIZE, result);
        compute(cpu, before, operand);
    }

    private void locked(Cpu cpu, long operand) {
        long la = address(cpu, FLAT, SIZE, true);
        long host = cpu.hostForModify(la, SIZE);
        if (host == 0 || !Atomics.covered(host, SIZE)) {
            // No lambda here: in a specialised class it would be handed a receiver of another type.
            cpu.beginExclusive();
            try {
                slow(cpu, la, operand);
            } finally {
                cpu.endExclusive();
            }
            return;
        }
        while (true) {
            long before = Atomics.load(host, SIZE);
            if (Atomics.compareAndSet(host, SIZE, before, pure(cpu, before, operand))) {
                compute(cpu, before, operand);
                return;
            }
        }
    }

    /** The result alone. */
    private static long pure(Cpu cpu, long a, long b) {
        return switch (KIND) {
            case ADD -> a + b;
            case OR -> a | b;
            case ADC -> a + b + (cpu.cf() ? 1 : 0);
            case SBB -> a - b - (cpu.cf() ? 1 : 0);
            case AND, TEST -> a & b;
            case SUB, CMP -> a - b;
            case XOR -> a ^ b;
            case INC -> a + 1;
            case DEC -> a - 1;
            case NEG -> -a;
            default -> ~a;
        };
    }

    /** The result, and the flags into the CPU. */
    private static long compute(Cpu cpu, long a, long b) {
        long r = pure(cpu, a, b);
        switch (KIND) {
            case ADD, ADC -> cpu.flagsAdd(a, b, r, SIZE);
            case SUB, SBB, CMP -> cpu.flagsSub(a, b, r, SIZE);
            case OR, AND, XOR, TEST -> cpu.flagsLogic(r, SIZE);
            case INC -> cpu.flagsInc(a, r, SIZE);
            case DEC -> cpu.flagsDec(a, r, SIZE);
            case NEG -> cpu.flagsSub(0, a, r, SIZE);
            default -> {
                // NOT changes no flags.
            }
        }
        return r;
    }
}
