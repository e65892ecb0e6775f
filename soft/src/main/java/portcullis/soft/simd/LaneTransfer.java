package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;

/** Single elements in and out (PINSRx, PEXTRx, INSERTPS, EXTRACTPS), sign masks, and tests that set flags. */
final class LaneTransfer extends VectorOp {
    private static final int PINSRB = 0;
    private static final int PINSRW = 1;
    private static final int PINSRD = 2;
    private static final int INSERTPS = 3;
    private static final int PEXTRB = 4;
    private static final int PEXTRW = 5;
    private static final int PEXTRD = 6;
    /** PEXTRW as SSE2 has it: to modrm.reg, never to memory. */
    private static final int PEXTRW_REG = 7;

    private static final int MOVMSKPS = 8;
    private static final int MOVMSKPD = 9;
    private static final int PMOVMSKB = 10;
    private static final int PTEST = 11;
    private static final int VTESTPS = 12;
    private static final int VTESTPD = 13;

    private static final long DWORD_SIGNS = 0x8000_0000_8000_0000L;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new LaneTransfer(in);

    private final int kind;
    private final int form;

    private LaneTransfer(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        insert(rows, "66 0F3A 20", "PINSRB", "Eb", PINSRB);
        insert(rows, "66 0F C4", "PINSRW", "Ew", PINSRW);
        insert(rows, "66 0F3A 22", "PINSRD", "Ey", PINSRD);
        insert(rows, "66 0F3A 21", "INSERTPS", "Wd", INSERTPS);
        extract(rows, "66 0F3A 14", "PEXTRB Eb,Vdq,Ib", PEXTRB);
        extract(rows, "66 0F3A 15", "PEXTRW Ew,Vdq,Ib", PEXTRW);
        extract(rows, "66 0F3A 16", "PEXTRD Ey,Vdq,Ib", PEXTRD);
        extract(rows, "66 0F3A 17", "EXTRACTPS Ed,Vdq,Ib", PEXTRD);
        extract(rows, "66 0F C5 reg", "PEXTRW Gd,Udq,Ib", PEXTRW_REG);
        rows.one("NP 0F 50 reg", "MOVMSKPS Gd,Udq", MOVMSKPS);
        rows.one("VEX NP 0F 50 reg", "VMOVMSKPS Gd,Ux", MOVMSKPS);
        rows.one("66 0F 50 reg", "MOVMSKPD Gd,Udq", MOVMSKPD);
        rows.one("VEX 66 0F 50 reg", "VMOVMSKPD Gd,Ux", MOVMSKPD);
        rows.one("66 0F D7 reg", "PMOVMSKB Gd,Udq", PMOVMSKB);
        rows.one("VEX 66 0F D7 reg", "VPMOVMSKB Gd,Ux", PMOVMSKB);
        rows.bothUnary("66 0F38 17", "PTEST", PTEST);
        rows.one("VEX.W0 66 0F38 0E", "VTESTPS Vx,Wx", VTESTPS);
        rows.one("VEX.W0 66 0F38 0F", "VTESTPD Vx,Wx", VTESTPD);
    }

    private static void insert(Rows rows, String encoding, String name, String source, int kind) {
        rows.one(encoding, name + " Vdq," + source + ",Ib", kind);
        rows.one("VEX.L0 " + encoding, "V" + name + " Vdq,Hdq," + source + ",Ib", kind);
    }

    private static void extract(Rows rows, String encoding, String instruction, int kind) {
        rows.one(encoding, instruction, kind);
        rows.one("VEX.L0 " + encoding, "V" + instruction, kind);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        switch (kind) {
            case PINSRB, PINSRW, PINSRD -> insert(cpu);
            case INSERTPS -> insertFloat(cpu);
            case PEXTRB, PEXTRW, PEXTRD -> extract(cpu);
            case PEXTRW_REG -> cpu.r32(in.reg, element(cpu, second, 2));
            case MOVMSKPS, MOVMSKPD, PMOVMSKB -> cpu.r32(in.reg, signMask(cpu));
            default -> test(cpu);
        }
    }

    private int elementSize() {
        return switch (kind) {
            case PINSRB, PEXTRB -> 1;
            case PINSRW, PEXTRW -> 2;
            // EXTRACTPS shares the kind but ignores REX.W.
            default -> in.opcode == 0x17 ? 4 : in.size(Operand.Ey);
        };
    }

    /** The element that the immediate selects, zero-extended. */
    private long element(Cpu cpu, int register, int size) {
        int at = immediate * size & 15;
        long value = cpu.field(register + (at & 8)) >>> (at & 7) * 8;
        return size == 8 ? value : value & (1L << size * 8) - 1;
    }

    private void insert(Cpu cpu) {
        int size = elementSize();
        // A register operand is the general register of that number even for bytes: there is no AH here.
        long value = in.memory ? cpu.read(linear(cpu, size, false), size) : cpu.r64(in.rm);
        int at = immediate * size & 15;
        int shift = (at & 7) * 8;
        long mask = (size == 8 ? -1L : (1L << size * 8) - 1) << shift;
        long low = cpu.field(first);
        long high = cpu.field(first + 8);
        if (at < 8) {
            low = low & ~mask | value << shift & mask;
        } else {
            high = high & ~mask | value << shift & mask;
        }
        set(cpu, low, high);
    }

    private void insertFloat(Cpu cpu) {
        int value = in.memory
                ? (int) cpu.read32(linear(cpu, 4, false))
                : PackedDwords.element(cpu.field(second), cpu.field(second + 8), immediate >>> 6);
        int target = immediate >>> 4 & 3;
        long both = PackedDwords.pair(value, value);
        long low = PackedDwords.blend(cpu.field(first), both, target < 2 ? 1 << target : 0);
        long high = PackedDwords.blend(cpu.field(first + 8), both, target < 2 ? 0 : 1 << target - 2);
        set(cpu, PackedDwords.blend(low, 0, immediate), PackedDwords.blend(high, 0, immediate >>> 2));
    }

    private void set(Cpu cpu, long low, long high) {
        cpu.field(destination, low);
        cpu.field(destination + 8, high);
        clearUpper(cpu, destination, form);
    }

    private void extract(Cpu cpu) {
        int size = elementSize();
        long value = element(cpu, destination, size);
        if (in.memory) {
            cpu.write(linear(cpu, size, true), size, value);
        } else {
            cpu.r64(in.rm, value);
        }
    }

    private long signMask(Cpu cpu) {
        int longs = form == VEX256 ? 4 : 2;
        long mask = 0;
        for (int i = 0; i < longs; i++) {
            long part = cpu.field(second + i * 8);
            mask |= switch (kind) {
                case MOVMSKPS -> (long) PackedDwords.signMask(part) << 2 * i;
                case MOVMSKPD -> part >>> 63 << i;
                default -> (long) PackedBytes.signMask(part) << 8 * i;
            };
        }
        return mask;
    }

    private void test(Cpu cpu) {
        int longs = form == VEX256 ? 4 : 2;
        long la = 0;
        long host = 0;
        if (in.memory) {
            la = linear(cpu, longs * 8, false);
            if (form == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, longs * 8);
        }
        long both = 0;
        long onlySource = 0;
        for (int i = 0; i < longs; i++) {
            long a = cpu.field(destination + i * 8);
            long b = in.memory ? load(cpu, host, la, i) : cpu.field(second + i * 8);
            both |= a & b;
            onlySource |= ~a & b;
        }
        long mask = kind == PTEST ? -1 : kind == VTESTPS ? DWORD_SIGNS : Long.MIN_VALUE;
        cpu.status(((both & mask) == 0 ? Cpu.ZF : 0) | ((onlySource & mask) == 0 ? Cpu.CF : 0));
    }
}
