package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedWords;

/** AVX and AVX2 instructions that move elements across the halves of a register: broadcasts, permutations, halves in and out. */
final class WideShuffle extends VectorOp {
    private static final int BROADCAST1 = 0;
    private static final int BROADCAST2 = 1;
    private static final int BROADCAST4 = 2;
    private static final int BROADCAST8 = 3;
    private static final int BROADCAST16 = 4;
    private static final int PERMUTE_DWORDS = 5;
    private static final int PERMUTE_QWORDS = 6;
    private static final int PERMUTE_HALVES = 7;
    private static final int INSERT_HALF = 8;
    private static final int EXTRACT_HALF = 9;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new WideShuffle(in);

    private final int kind;
    private final int form;

    private WideShuffle(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("VEX.W0 66 0F38 78", "VPBROADCASTB Vx,Wb", BROADCAST1);
        rows.one("VEX.W0 66 0F38 79", "VPBROADCASTW Vx,Ww", BROADCAST2);
        rows.one("VEX.W0 66 0F38 58", "VPBROADCASTD Vx,Wd", BROADCAST4);
        rows.one("VEX.W0 66 0F38 59", "VPBROADCASTQ Vx,Wq", BROADCAST8);
        rows.one("VEX.W0 66 0F38 18", "VBROADCASTSS Vx,Wd", BROADCAST4);
        rows.one("VEX.L1.W0 66 0F38 19", "VBROADCASTSD Vx,Wq", BROADCAST8);
        rows.one("VEX.L1.W0 66 0F38 1A mem", "VBROADCASTF128 Vx,Wdq", BROADCAST16);
        rows.one("VEX.L1.W0 66 0F38 5A mem", "VBROADCASTI128 Vx,Wdq", BROADCAST16);
        rows.one("VEX.L1.W0 66 0F38 36", "VPERMD Vx,Hx,Wx", PERMUTE_DWORDS);
        rows.one("VEX.L1.W0 66 0F38 16", "VPERMPS Vx,Hx,Wx", PERMUTE_DWORDS);
        rows.one("VEX.L1.W1 66 0F3A 00", "VPERMQ Vx,Wx,Ib", PERMUTE_QWORDS);
        rows.one("VEX.L1.W1 66 0F3A 01", "VPERMPD Vx,Wx,Ib", PERMUTE_QWORDS);
        rows.one("VEX.L1.W0 66 0F3A 06", "VPERM2F128 Vx,Hx,Wx,Ib", PERMUTE_HALVES);
        rows.one("VEX.L1.W0 66 0F3A 46", "VPERM2I128 Vx,Hx,Wx,Ib", PERMUTE_HALVES);
        rows.one("VEX.L1.W0 66 0F3A 18", "VINSERTF128 Vx,Hx,Wdq,Ib", INSERT_HALF);
        rows.one("VEX.L1.W0 66 0F3A 38", "VINSERTI128 Vx,Hx,Wdq,Ib", INSERT_HALF);
        rows.one("VEX.L1.W0 66 0F3A 19", "VEXTRACTF128 Wdq,Vx,Ib", EXTRACT_HALF);
        rows.one("VEX.L1.W0 66 0F3A 39", "VEXTRACTI128 Wdq,Vx,Ib", EXTRACT_HALF);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        switch (kind) {
            case BROADCAST1, BROADCAST2, BROADCAST4, BROADCAST8 -> broadcast(cpu);
            case BROADCAST16 -> {
                source(cpu, 16);
                set(cpu, cpu.wide[0], cpu.wide[1], cpu.wide[0], cpu.wide[1]);
            }
            case PERMUTE_DWORDS -> {
                long[] b = source(cpu, 32);
                set(
                        cpu,
                        dwords(b, cpu.field(first)),
                        dwords(b, cpu.field(first + 8)),
                        dwords(b, cpu.field(first + 16)),
                        dwords(b, cpu.field(first + 24)));
            }
            case PERMUTE_QWORDS -> {
                long[] b = source(cpu, 32);
                set(cpu, b[immediate & 3], b[immediate >>> 2 & 3], b[immediate >>> 4 & 3], b[immediate >>> 6]);
            }
            case PERMUTE_HALVES -> permuteHalves(cpu);
            case INSERT_HALF -> {
                long[] b = source(cpu, 16);
                boolean upper = (immediate & 1) != 0;
                set(
                        cpu,
                        upper ? cpu.field(first) : b[0],
                        upper ? cpu.field(first + 8) : b[1],
                        upper ? b[0] : cpu.field(first + 16),
                        upper ? b[1] : cpu.field(first + 24));
            }
            case EXTRACT_HALF -> extractHalf(cpu);
            default -> throw new AssertionError(kind);
        }
    }

    private void broadcast(Cpu cpu) {
        int size = 1 << kind;
        long value = in.memory ? cpu.read(linear(cpu, size, false), size) : cpu.field(second);
        long all = switch (kind) {
            case BROADCAST1 -> PackedBytes.broadcast((int) value);
            case BROADCAST2 -> PackedWords.broadcast((int) value);
            case BROADCAST4 -> PackedDwords.pair((int) value, (int) value);
            default -> value;
        };
        long upper = form == VEX256 ? all : 0;
        set(cpu, all, all, upper, upper);
    }

    /** The modrm.rm operand's {@code size} bytes, in the scratch. */
    private long[] source(Cpu cpu, int size) {
        long la = in.memory ? linear(cpu, size, false) : 0;
        long host = in.memory ? cpu.hostForRead(la, size) : 0;
        for (int i = 0; i < size / 8; i++) {
            cpu.wide[i] = in.memory ? load(cpu, host, la, i) : cpu.field(second + i * 8);
        }
        return cpu.wide;
    }

    private void set(Cpu cpu, long v0, long v1, long v2, long v3) {
        cpu.field(destination, v0);
        cpu.field(destination + 8, v1);
        cpu.field(destination + 16, v2);
        cpu.field(destination + 24, v3);
    }

    private static long dwords(long[] source, long indices) {
        return PackedDwords.pair(dword(source, (int) indices), dword(source, (int) (indices >>> 32)));
    }

    private static int dword(long[] source, int index) {
        return (int) (source[index >>> 1 & 3] >>> (index & 1) * 32);
    }

    private void permuteHalves(Cpu cpu) {
        long[] b = source(cpu, 32);
        set(
                cpu,
                half(cpu, b, immediate, 0),
                half(cpu, b, immediate, 1),
                half(cpu, b, immediate >>> 4, 0),
                half(cpu, b, immediate >>> 4, 1));
    }

    private long half(Cpu cpu, long[] b, int selection, int part) {
        if ((selection & 8) != 0) {
            return 0;
        }
        int at = (selection & 1) * 2 + part;
        return (selection & 2) != 0 ? b[at] : cpu.field(first + at * 8);
    }

    private void extractHalf(Cpu cpu) {
        int from = destination + (immediate & 1) * 16;
        long low = cpu.field(from);
        long high = cpu.field(from + 8);
        if (in.memory) {
            store(cpu, linear(cpu, 16, true), low, high);
        } else {
            cpu.field(second, low);
            cpu.field(second + 8, high);
            clearUpper(cpu, second, VEX128);
        }
    }
}
