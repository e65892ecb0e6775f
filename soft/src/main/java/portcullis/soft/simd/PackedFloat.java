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

/** Floating-point arithmetic on all elements, and conversions that keep the elements' width. */
final class PackedFloat extends VectorOp {
    private static final int ADDPS = 0;
    private static final int ADDPD = 1;
    private static final int MULPS = 2;
    private static final int MULPD = 3;
    private static final int SUBPS = 4;
    private static final int SUBPD = 5;
    private static final int MINPS = 6;
    private static final int MINPD = 7;
    private static final int DIVPS = 8;
    private static final int DIVPD = 9;
    private static final int MAXPS = 10;
    private static final int MAXPD = 11;
    private static final int LAST_ARITHMETIC = MAXPD;
    private static final int SQRTPS = 12;
    private static final int SQRTPD = 13;
    private static final int RSQRTPS = 14;
    private static final int RCPPS = 15;
    private static final int CMPPS = 16;
    private static final int CMPPD = 17;
    private static final int ROUNDPS = 18;
    private static final int ROUNDPD = 19;
    private static final int CVTDQ2PS = 20;
    private static final int CVTPS2DQ = 21;
    private static final int CVTTPS2DQ = 22;
    private static final int ADDSUBPS = 23;
    private static final int ADDSUBPD = 24;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = FORM == VEX256 ? 4 : 2;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PackedFloat.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    /** Of CMPPS and CMPPD: VEX encodings have 32 predicates, legacy ones 8. */
    private final int predicate;

    private PackedFloat(Instruction in) {
        super(in);
        predicate = immediate & (in != null && in.encoding.isVex() ? 31 : 7);
    }

    @Override
    protected Op make(Instruction in) {
        return new PackedFloat(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.both("NP 0F 58", "ADDPS", ADDPS);
        rows.both("66 0F 58", "ADDPD", ADDPD);
        rows.both("NP 0F 59", "MULPS", MULPS);
        rows.both("66 0F 59", "MULPD", MULPD);
        rows.both("NP 0F 5C", "SUBPS", SUBPS);
        rows.both("66 0F 5C", "SUBPD", SUBPD);
        rows.both("NP 0F 5D", "MINPS", MINPS);
        rows.both("66 0F 5D", "MINPD", MINPD);
        rows.both("NP 0F 5E", "DIVPS", DIVPS);
        rows.both("66 0F 5E", "DIVPD", DIVPD);
        rows.both("NP 0F 5F", "MAXPS", MAXPS);
        rows.both("66 0F 5F", "MAXPD", MAXPD);
        rows.bothUnary("NP 0F 51", "SQRTPS", SQRTPS);
        rows.bothUnary("66 0F 51", "SQRTPD", SQRTPD);
        rows.bothUnary("NP 0F 52", "RSQRTPS", RSQRTPS);
        rows.bothUnary("NP 0F 53", "RCPPS", RCPPS);
        rows.bothImmediate("NP 0F C2", "CMPPS", CMPPS);
        rows.bothImmediate("66 0F C2", "CMPPD", CMPPD);
        rows.bothUnaryImmediate("66 0F3A 08", "ROUNDPS", ROUNDPS);
        rows.bothUnaryImmediate("66 0F3A 09", "ROUNDPD", ROUNDPD);
        rows.bothUnary("NP 0F 5B", "CVTDQ2PS", CVTDQ2PS);
        rows.bothUnary("66 0F 5B", "CVTPS2DQ", CVTPS2DQ);
        rows.bothUnary("F3 0F 5B", "CVTTPS2DQ", CVTTPS2DQ);
        rows.both("F2 0F D0", "ADDSUBPS", ADDSUBPS);
        rows.both("66 0F D0", "ADDSUBPD", ADDSUBPD);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long la = 0;
        long host = 0;
        if (IN_MEMORY) {
            la = address(cpu, IS_FLAT, LONGS * 8, false);
            if (FORM == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, LONGS * 8);
        }
        long b0 = IN_MEMORY ? load(cpu, host, la, 0) : cpu.field(second);
        long b1 = IN_MEMORY ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long b2 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long b3 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 3) : cpu.field(second + 24);
        SseArithmetic sse = arithmetic(cpu);
        long r0 = combine(sse, false, cpu.field(first), b0);
        long r1 = combine(sse, true, cpu.field(first + 8), b1);
        long r2 = LONGS < 4 ? 0 : combine(sse, false, cpu.field(first + 16), b2);
        long r3 = LONGS < 4 ? 0 : combine(sse, true, cpu.field(first + 24), b3);
        settle(cpu);
        cpu.field(destination, r0);
        cpu.field(destination + 8, r1);
        if (LONGS == 4) {
            cpu.field(destination + 16, r2);
            cpu.field(destination + 24, r3);
        }
        clearUpper(cpu, destination, FORM);
    }

    // Two switches, each small enough for HotSpot to inline; a specialisation keeps one case of one of them.

    /** One long of the result; {@code odd}: of binary64 elements, the second of a pair. */
    private long combine(SseArithmetic sse, boolean odd, long a, long b) {
        return KIND <= LAST_ARITHMETIC ? arithmetic(sse, a, b) : other(sse, odd, a, b);
    }

    private static long arithmetic(SseArithmetic sse, long a, long b) {
        return switch (KIND) {
            case ADDPS -> sse.f32.addPairs(a, b);
            case ADDPD -> sse.f64.add(a, b);
            case MULPS -> sse.f32.multiplyPairs(a, b);
            case MULPD -> sse.f64.multiply(a, b);
            case SUBPS -> sse.f32.subtractPairs(a, b);
            case SUBPD -> sse.f64.subtract(a, b);
            case MINPS ->
                PackedDwords.pair(
                        sse.f32.minimum((int) a, (int) b), sse.f32.minimum((int) (a >>> 32), (int) (b >>> 32)));
            case MINPD -> sse.f64.minimum(a, b);
            case DIVPS -> sse.f32.dividePairs(a, b);
            case DIVPD -> sse.f64.divide(a, b);
            case MAXPS ->
                PackedDwords.pair(
                        sse.f32.maximum((int) a, (int) b), sse.f32.maximum((int) (a >>> 32), (int) (b >>> 32)));
            case MAXPD -> sse.f64.maximum(a, b);
            default -> throw new AssertionError(KIND);
        };
    }

    private long other(SseArithmetic sse, boolean odd, long a, long b) {
        return switch (KIND) {
            case SQRTPS -> PackedDwords.pair(sse.f32.squareRoot((int) b), sse.f32.squareRoot((int) (b >>> 32)));
            case SQRTPD -> sse.f64.squareRoot(b);
            case RSQRTPS ->
                PackedDwords.pair(
                        Reciprocals.reciprocalSquareRoot((int) b), Reciprocals.reciprocalSquareRoot((int) (b >>> 32)));
            case RCPPS -> PackedDwords.pair(Reciprocals.reciprocal((int) b), Reciprocals.reciprocal((int) (b >>> 32)));
            case CMPPS ->
                PackedDwords.pair(
                        sse.f32.compareMask((int) a, (int) b, predicate),
                        sse.f32.compareMask((int) (a >>> 32), (int) (b >>> 32), predicate));
            case CMPPD -> sse.f64.compareMask(a, b, predicate);
            case ROUNDPS ->
                PackedDwords.pair(
                        sse.f32.roundToIntegral((int) b, immediate),
                        sse.f32.roundToIntegral((int) (b >>> 32), immediate));
            case ROUNDPD -> sse.f64.roundToIntegral(b, immediate);
            case CVTDQ2PS ->
                PackedDwords.pair(sse.convert.intToFloat((int) b), sse.convert.intToFloat((int) (b >>> 32)));
            case CVTPS2DQ ->
                PackedDwords.pair(sse.convert.floatToInt((int) b), sse.convert.floatToInt((int) (b >>> 32)));
            case CVTTPS2DQ ->
                PackedDwords.pair(
                        sse.convert.floatToIntTruncating((int) b), sse.convert.floatToIntTruncating((int) (b >>> 32)));
            case ADDSUBPS ->
                PackedDwords.pair(sse.f32.subtract((int) a, (int) b), sse.f32.add((int) (a >>> 32), (int) (b >>> 32)));
            case ADDSUBPD -> odd ? sse.f64.add(a, b) : sse.f64.subtract(a, b);
            default -> throw new AssertionError(KIND);
        };
    }
}
