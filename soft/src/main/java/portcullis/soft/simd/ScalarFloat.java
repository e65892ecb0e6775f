package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.sse.Reciprocals;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.simd.packed.PackedDwords;

/** Floating-point arithmetic on the lowest element; the rest comes from the first operand. */
final class ScalarFloat extends VectorOp {
    private static final int ADDSS = 0;
    private static final int ADDSD = 1;
    private static final int MULSS = 2;
    private static final int MULSD = 3;
    private static final int SUBSS = 4;
    private static final int SUBSD = 5;
    private static final int MINSS = 6;
    private static final int MINSD = 7;
    private static final int DIVSS = 8;
    private static final int DIVSD = 9;
    private static final int MAXSS = 10;
    private static final int MAXSD = 11;
    private static final int SQRTSS = 12;
    private static final int SQRTSD = 13;
    private static final int RSQRTSS = 14;
    private static final int RCPSS = 15;
    private static final int CMPSS = 16;
    private static final int CMPSD = 17;
    private static final int ROUNDSS = 18;
    private static final int ROUNDSD = 19;
    private static final int CVTSD2SS = 20;
    private static final int CVTSS2SD = 21;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    /** Width in bytes of the source and of the result. */
    private static final int SOURCE = isSingle(KIND) && KIND != CVTSD2SS || KIND == CVTSS2SD ? 4 : 8;

    private static final boolean SINGLE_RESULT = isSingle(KIND);

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), ScalarFloat.class);

    // VEX.L does not matter to scalars.
    static final Family FAMILY = in -> SPECIALIZED.make(key(in, in.encoding.isVex() ? VEX128 : SSE), in);

    private final int predicate;

    private ScalarFloat(Instruction in) {
        super(in);
        predicate = immediate & (in != null && in.encoding.isVex() ? 31 : 7);
    }

    /** Whether the result is binary32. */
    private static boolean isSingle(int kind) {
        return switch (kind) {
            case ADDSS, MULSS, SUBSS, MINSS, DIVSS, MAXSS, SQRTSS, RSQRTSS, RCPSS, CMPSS, ROUNDSS, CVTSD2SS -> true;
            default -> false;
        };
    }

    @Override
    protected Op make(Instruction in) {
        return new ScalarFloat(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.scalar("F3 0F 58", "ADDSS", "Wd", ADDSS);
        rows.scalar("F2 0F 58", "ADDSD", "Wq", ADDSD);
        rows.scalar("F3 0F 59", "MULSS", "Wd", MULSS);
        rows.scalar("F2 0F 59", "MULSD", "Wq", MULSD);
        rows.scalar("F3 0F 5C", "SUBSS", "Wd", SUBSS);
        rows.scalar("F2 0F 5C", "SUBSD", "Wq", SUBSD);
        rows.scalar("F3 0F 5D", "MINSS", "Wd", MINSS);
        rows.scalar("F2 0F 5D", "MINSD", "Wq", MINSD);
        rows.scalar("F3 0F 5E", "DIVSS", "Wd", DIVSS);
        rows.scalar("F2 0F 5E", "DIVSD", "Wq", DIVSD);
        rows.scalar("F3 0F 5F", "MAXSS", "Wd", MAXSS);
        rows.scalar("F2 0F 5F", "MAXSD", "Wq", MAXSD);
        rows.scalar("F3 0F 51", "SQRTSS", "Wd", SQRTSS);
        rows.scalar("F2 0F 51", "SQRTSD", "Wq", SQRTSD);
        rows.scalar("F3 0F 52", "RSQRTSS", "Wd", RSQRTSS);
        rows.scalar("F3 0F 53", "RCPSS", "Wd", RCPSS);
        rows.scalar("F3 0F C2", "CMPSS", "Wd,Ib", CMPSS);
        rows.scalar("F2 0F C2", "CMPSD", "Wq,Ib", CMPSD);
        rows.scalar("66 0F3A 0A", "ROUNDSS", "Wd,Ib", ROUNDSS);
        rows.scalar("66 0F3A 0B", "ROUNDSD", "Wq,Ib", ROUNDSD);
        rows.scalar("F2 0F 5A", "CVTSD2SS", "Wq", CVTSD2SS);
        rows.scalar("F3 0F 5A", "CVTSS2SD", "Wd", CVTSS2SD);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long b;
        if (IN_MEMORY) {
            long la = address(cpu, IS_FLAT, SOURCE, false);
            b = SOURCE == 4 ? cpu.read32(la) : cpu.read64(la);
        } else {
            b = cpu.field(second);
        }
        long a = cpu.field(first);
        SseArithmetic sse = arithmetic(cpu);
        long result = switch (KIND) {
            case ADDSS -> sse.f32.add((int) a, (int) b);
            case ADDSD -> sse.f64.add(a, b);
            case MULSS -> sse.f32.multiply((int) a, (int) b);
            case MULSD -> sse.f64.multiply(a, b);
            case SUBSS -> sse.f32.subtract((int) a, (int) b);
            case SUBSD -> sse.f64.subtract(a, b);
            case MINSS -> sse.f32.minimum((int) a, (int) b);
            case MINSD -> sse.f64.minimum(a, b);
            case DIVSS -> sse.f32.divide((int) a, (int) b);
            case DIVSD -> sse.f64.divide(a, b);
            case MAXSS -> sse.f32.maximum((int) a, (int) b);
            case MAXSD -> sse.f64.maximum(a, b);
            case SQRTSS -> sse.f32.squareRoot((int) b);
            case SQRTSD -> sse.f64.squareRoot(b);
            case RSQRTSS -> Reciprocals.reciprocalSquareRoot((int) b);
            case RCPSS -> Reciprocals.reciprocal((int) b);
            case CMPSS -> sse.f32.compareMask((int) a, (int) b, predicate);
            case CMPSD -> sse.f64.compareMask(a, b, predicate);
            case ROUNDSS -> sse.f32.roundToIntegral((int) b, immediate);
            case ROUNDSD -> sse.f64.roundToIntegral(b, immediate);
            case CVTSD2SS -> sse.convert.doubleToFloat(b);
            case CVTSS2SD -> sse.convert.floatToDouble((int) b);
            default -> throw new AssertionError(KIND);
        };
        settle(cpu);
        cpu.field(destination, SINGLE_RESULT ? PackedDwords.pair((int) result, (int) (a >>> 32)) : result);
        if (FORM != SSE) {
            cpu.field(destination + 8, cpu.field(first + 8));
            clearUpper(cpu, destination, FORM);
        }
    }
}
