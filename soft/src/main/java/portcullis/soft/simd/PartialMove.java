package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.simd.packed.PackedDwords;

/** Moves of 4 or 8 bytes between vector registers, memory and general registers. */
final class PartialMove extends VectorOp {
    private static final int LOAD4 = 0;
    private static final int LOAD8 = 1;
    private static final int STORE4 = 2;
    private static final int STORE8 = 3;
    /** MOVSS, MOVSD between registers: the lowest element is replaced. */
    private static final int MERGE4 = 4;

    private static final int MERGE8 = 5;
    /** The same with the operands exchanged: opcode 11. */
    private static final int MERGE4_BACK = 6;

    private static final int MERGE8_BACK = 7;
    private static final int LOAD_LOW = 8;
    private static final int LOAD_HIGH = 9;
    private static final int STORE_HIGH = 10;
    private static final int MOVHLPS = 11;
    private static final int MOVLHPS = 12;
    private static final int MOVDDUP = 13;
    /** MOVD, MOVQ from a general register or memory, to one. */
    private static final int FROM_GENERAL = 14;

    private static final int TO_GENERAL = 15;

    /** Key: MOVQ with a general register. */
    private static final int LONG = 1 << 12;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final boolean IS_LONG = (KEY & LONG) != 0;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PartialMove.class);

    static final Family FAMILY = PartialMove::specialize;

    private PartialMove(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new PartialMove(in);
    }

    private static Op specialize(Instruction in) {
        if (isMalformed(in)) {
            return new Refused(in);
        }
        int kind = in.encoding.kind;
        // Only MOVDDUP has a 256-bit form; scalars ignore VEX.L.
        int form = kind == MOVDDUP || !in.encoding.isVex() ? form(in) : VEX128;
        boolean wide = kind >= FROM_GENERAL && in.size(Operand.Ey) == 8;
        return SPECIALIZED.make(key(in, form) | (wide ? LONG : 0), in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        scalar(rows, "F3", "MOVSS", "Wd", LOAD4);
        scalar(rows, "F2", "MOVSD", "Wq", LOAD8);
        half(rows, "NP", "12", "13", "MOVLPS", LOAD_LOW, STORE8);
        half(rows, "66", "12", "13", "MOVLPD", LOAD_LOW, STORE8);
        half(rows, "NP", "16", "17", "MOVHPS", LOAD_HIGH, STORE_HIGH);
        half(rows, "66", "16", "17", "MOVHPD", LOAD_HIGH, STORE_HIGH);
        rows.one("NP 0F 12 reg", "MOVHLPS Vdq,Udq", MOVHLPS);
        rows.one("VEX.L0 NP 0F 12 reg", "VMOVHLPS Vdq,Hdq,Udq", MOVHLPS);
        rows.one("NP 0F 16 reg", "MOVLHPS Vdq,Udq", MOVLHPS);
        rows.one("VEX.L0 NP 0F 16 reg", "VMOVLHPS Vdq,Hdq,Udq", MOVLHPS);
        rows.one("F2 0F 12", "MOVDDUP Vdq,Wq", MOVDDUP);
        rows.one("VEX.L0 F2 0F 12", "VMOVDDUP Vx,Wq", MOVDDUP);
        rows.one("VEX.L1 F2 0F 12", "VMOVDDUP Vx,Wx", MOVDDUP);
        rows.one("66 0F 6E", "MOVD Vdq,Ey", FROM_GENERAL);
        rows.one("VEX.L0 66 0F 6E", "VMOVD Vdq,Ey", FROM_GENERAL);
        rows.one("66 0F 7E", "MOVD Ey,Vdq", TO_GENERAL);
        rows.one("VEX.L0 66 0F 7E", "VMOVD Ey,Vdq", TO_GENERAL);
        rows.one("F3 0F 7E", "MOVQ Vdq,Wq", LOAD8);
        rows.one("VEX.L0 F3 0F 7E", "VMOVQ Vdq,Wq", LOAD8);
        rows.one("66 0F D6", "MOVQ Wq,Vdq", STORE8);
        rows.one("VEX.L0 66 0F D6", "VMOVQ Wq,Vdq", STORE8);
    }

    private static void scalar(Rows rows, String prefix, String name, String operand, int width) {
        String load = prefix + " 0F 10 ";
        String store = prefix + " 0F 11 ";
        rows.one(load + "mem", name + " Vdq," + operand, LOAD4 + width);
        rows.one("VEX " + load + "mem", "V" + name + " Vdq," + operand, LOAD4 + width);
        rows.one(load + "reg", name + " Vdq,Udq", MERGE4 + width);
        rows.one("VEX " + load + "reg", "V" + name + " Vdq,Hdq,Udq", MERGE4 + width);
        rows.one(store + "mem", name + " " + operand + ",Vdq", STORE4 + width);
        rows.one("VEX " + store + "mem", "V" + name + " " + operand + ",Vdq", STORE4 + width);
        rows.one(store + "reg", name + " Udq,Vdq", MERGE4_BACK + width);
        rows.one("VEX " + store + "reg", "V" + name + " Udq,Hdq,Vdq", MERGE4_BACK + width);
    }

    private static void half(Rows rows, String prefix, String load, String store, String name, int in, int out) {
        rows.one(prefix + " 0F " + load + " mem", name + " Vdq,Wq", in);
        rows.one("VEX.L0 " + prefix + " 0F " + load + " mem", "V" + name + " Vdq,Hdq,Wq", in);
        rows.one(prefix + " 0F " + store + " mem", name + " Wq,Vdq", out);
        rows.one("VEX.L0 " + prefix + " 0F " + store + " mem", "V" + name + " Wq,Vdq", out);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        switch (KIND) {
            case LOAD4 -> set(cpu, destination, cpu.read32(address(cpu, IS_FLAT, 4, false)), 0);
            case LOAD8 -> set(cpu, destination, source8(cpu), 0);
            case STORE4 -> cpu.write32(address(cpu, IS_FLAT, 4, true), cpu.field(destination));
            case STORE8 -> {
                if (IN_MEMORY) {
                    cpu.write64(address(cpu, IS_FLAT, 8, true), cpu.field(destination));
                } else {
                    set(cpu, second, cpu.field(destination), 0);
                }
            }
            case STORE_HIGH -> cpu.write64(address(cpu, IS_FLAT, 8, true), cpu.field(destination + 8));
            case MERGE4, MERGE8 -> merge(cpu, destination, second, KIND == MERGE4);
            case MERGE4_BACK, MERGE8_BACK -> merge(cpu, second, destination, KIND == MERGE4_BACK);
            case LOAD_LOW -> set(cpu, destination, source8(cpu), cpu.field(first + 8));
            case LOAD_HIGH -> set(cpu, destination, cpu.field(first), source8(cpu));
            case MOVHLPS -> set(cpu, destination, cpu.field(second + 8), cpu.field(first + 8));
            case MOVLHPS -> set(cpu, destination, cpu.field(first), cpu.field(second));
            case MOVDDUP -> duplicate(cpu);
            case FROM_GENERAL -> set(cpu, destination, readRm(cpu, IS_LONG ? 8 : 4), 0);
            case TO_GENERAL -> writeRm(cpu, IS_LONG ? 8 : 4, cpu.field(destination));
            default -> throw new AssertionError(KIND);
        }
    }

    private long source8(Cpu cpu) {
        return IN_MEMORY ? cpu.read64(address(cpu, IS_FLAT, 8, false)) : cpu.field(second);
    }

    private static void set(Cpu cpu, int register, long low, long high) {
        cpu.field(register, low);
        cpu.field(register + 8, high);
        clearUpper(cpu, register, FORM);
    }

    private void merge(Cpu cpu, int target, int source, boolean single) {
        int rest = FORM == SSE ? target : first;
        long low = cpu.field(source);
        if (single) {
            low = PackedDwords.pair((int) low, (int) (cpu.field(rest) >>> 32));
        }
        set(cpu, target, low, cpu.field(rest + 8));
    }

    private void duplicate(Cpu cpu) {
        if (FORM == VEX256) {
            long la = IN_MEMORY ? address(cpu, IS_FLAT, 32, false) : 0;
            long host = IN_MEMORY ? cpu.hostForRead(la, 32) : 0;
            long low = IN_MEMORY ? load(cpu, host, la, 0) : cpu.field(second);
            if (IN_MEMORY && host == 0) {
                load(cpu, host, la, 1);
            }
            long high = IN_MEMORY ? load(cpu, host, la, 2) : cpu.field(second + 16);
            if (IN_MEMORY && host == 0) {
                load(cpu, host, la, 3);
            }
            cpu.field(destination + 16, high);
            cpu.field(destination + 24, high);
            cpu.field(destination, low);
            cpu.field(destination + 8, low);
            return;
        }
        long value = source8(cpu);
        set(cpu, destination, value, value);
    }
}
