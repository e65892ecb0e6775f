package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.simd.packed.PackedDwords;

/** FMA3: fused multiply-add in its three operand orders. */
final class Fma extends VectorOp {
    // Kind: operation * 12 + order * 4 + scalar * 2 + binary64.
    private static final int MADDSUB = 0;
    private static final int MSUBADD = 1;
    private static final int MADD = 2;
    private static final int MSUB = 3;
    private static final int NMADD = 4;
    private static final int NMSUB = 5;
    private static final String[] NAMES = {"MADDSUB", "MSUBADD", "MADD", "MSUB", "NMADD", "NMSUB"};
    private static final String[] ORDERS = {"132", "213", "231"};
    private static final String HEX = "0123456789ABCDEF";

    private static final int KEY = key(MethodHandles.lookup());
    private static final int OPERATION = (KEY & KIND_MASK) / 12;
    private static final int ORDER = (KEY & KIND_MASK) / 4 % 3;
    private static final boolean SCALAR = (KEY & 2) != 0;
    private static final boolean DOUBLE = (KEY & 1) != 0;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = SCALAR ? 1 : FORM == VEX256 ? 4 : 2;
    private static final int SIZE = SCALAR ? DOUBLE ? 8 : 4 : LONGS * 8;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), Fma.class);

    static final Family FAMILY = in -> {
        boolean scalar = (in.encoding.kind & 2) != 0;
        return SPECIALIZED.make(key(in, scalar ? VEX128 : form(in)), in);
    };

    private Fma(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new Fma(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        // Low opcode digits: 6 MADDSUB, 7 MSUBADD, then packed and scalar in turn.
        for (int order = 0; order < 3; order++) {
            for (int operation = 0; operation < 6; operation++) {
                for (int scalar = 0; scalar < 2; scalar++) {
                    if (operation < MADD && scalar == 1) {
                        continue;
                    }
                    int digit = operation < MADD ? 6 + operation : 8 + (operation - MADD) * 2 + scalar;
                    for (int w = 0; w < 2; w++) {
                        String encoding = "VEX.W" + w + " 66 0F38 " + "9AB".charAt(order) + HEX.charAt(digit);
                        String name =
                                "VF" + NAMES[operation] + ORDERS[order] + (scalar == 1 ? "S" : "P") + "SD".charAt(w);
                        String operands = scalar == 0 ? " Vx,Hx,Wx" : w == 0 ? " Vdq,Hdq,Wd" : " Vdq,Hdq,Wq";
                        rows.one(encoding, name + operands, operation * 12 + order * 4 + scalar * 2 + w);
                    }
                }
            }
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long la = IN_MEMORY ? address(cpu, IS_FLAT, SIZE, false) : 0;
        long host = IN_MEMORY && !SCALAR ? cpu.hostForRead(la, SIZE) : 0;
        long c0;
        if (!IN_MEMORY) {
            c0 = cpu.field(second);
        } else if (SIZE == 4) {
            c0 = cpu.read32(la);
        } else {
            c0 = load(cpu, host, la, 0);
        }
        long c1 = LONGS < 2 ? 0 : IN_MEMORY ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long c2 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long c3 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 3) : cpu.field(second + 24);
        SseArithmetic sse = arithmetic(cpu);
        long r0 = fuse(sse, false, cpu.field(destination), cpu.field(first), c0);
        long r1 = LONGS < 2 ? 0 : fuse(sse, true, cpu.field(destination + 8), cpu.field(first + 8), c1);
        long r2 = LONGS < 4 ? 0 : fuse(sse, false, cpu.field(destination + 16), cpu.field(first + 16), c2);
        long r3 = LONGS < 4 ? 0 : fuse(sse, true, cpu.field(destination + 24), cpu.field(first + 24), c3);
        settle(cpu);
        if (SCALAR && !DOUBLE) {
            r0 = PackedDwords.pair((int) r0, (int) (cpu.field(destination) >>> 32));
        }
        cpu.field(destination, r0);
        if (!SCALAR) {
            cpu.field(destination + 8, r1);
        }
        cpu.field(destination + 16, r2);
        cpu.field(destination + 24, r3);
    }

    /**
     * One long of destination, VEX.vvvv and modrm.rm operands.
     *
     * @param odd whether a binary64 element has an odd number
     */
    private static long fuse(SseArithmetic sse, boolean odd, long x, long y, long z) {
        long a = ORDER == 0 ? x : y;
        long b = ORDER == 1 ? x : z;
        long c = ORDER == 0 ? y : ORDER == 1 ? z : x;
        boolean negateProduct = OPERATION == NMADD || OPERATION == NMSUB;
        // Of the alternating operations: does the even element subtract?
        boolean evenNegates = OPERATION == MSUB || OPERATION == NMSUB || OPERATION == MADDSUB;
        boolean oddNegates = OPERATION == MSUB || OPERATION == NMSUB || OPERATION == MSUBADD;
        if (DOUBLE) {
            return sse.f64.fusedMultiplyAdd(a, b, c, negateProduct, odd ? oddNegates : evenNegates);
        }
        int low = sse.f32.fusedMultiplyAdd((int) a, (int) b, (int) c, negateProduct, evenNegates);
        if (SCALAR) {
            return low & 0xffff_ffffL;
        }
        int high = sse.f32.fusedMultiplyAdd(
                (int) (a >>> 32), (int) (b >>> 32), (int) (c >>> 32), negateProduct, oddNegates);
        return PackedDwords.pair(low, high);
    }
}
