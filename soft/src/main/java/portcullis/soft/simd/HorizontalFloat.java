package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.state.State;

/** Floating-point sums across elements: HADDPS, HSUBPS, DPPS and their binary64 counterparts. */
final class HorizontalFloat extends VectorOp {
    private static final int HADDPS = 0;
    private static final int HADDPD = 1;
    private static final int HSUBPS = 2;
    private static final int HSUBPD = 3;
    private static final int DPPS = 4;
    private static final int DPPD = 5;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new HorizontalFloat(in);

    private final int kind;
    private final int form;
    private final int halves;

    private HorizontalFloat(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
        halves = form == VEX256 ? 2 : 1;
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.both("F2 0F 7C", "HADDPS", HADDPS);
        rows.both("66 0F 7C", "HADDPD", HADDPD);
        rows.both("F2 0F 7D", "HSUBPS", HSUBPS);
        rows.both("66 0F 7D", "HSUBPD", HSUBPD);
        rows.bothImmediate("66 0F3A 40", "DPPS", DPPS);
        rows.one("66 0F3A 41", "DPPD Vdq,Wdq,Ib", DPPD);
        rows.one("VEX.L0 66 0F3A 41", "VDPPD Vdq,Hdq,Wdq,Ib", DPPD);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        long la = 0;
        long host = 0;
        if (in.memory) {
            la = linear(cpu, halves * 16, false);
            if (form == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, halves * 16);
        }
        long b0 = in.memory ? load(cpu, host, la, 0) : cpu.field(second);
        long b1 = in.memory ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long b2 = halves == 1 ? 0 : in.memory ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long b3 = halves == 1 ? 0 : in.memory ? load(cpu, host, la, 3) : cpu.field(second + 24);
        SseArithmetic sse = arithmetic(cpu);
        long[] results = cpu.wide;
        if (kind == DPPS && halves == 2) {
            dotProducts(cpu, sse, b0, b1, b2, b3);
        } else {
            compute(sse, results, 0, cpu.field(first), cpu.field(first + 8), b0, b1);
            if (halves == 2) {
                compute(sse, results, 2, cpu.field(first + 16), cpu.field(first + 24), b2, b3);
            }
        }
        settle(cpu);
        cpu.field32(State.MXCSR, sse.mxcsr.get());
        for (int i = 0; i < 2 * halves; i++) {
            cpu.field(destination + i * 8, results[i]);
        }
        clearUpper(cpu, destination, form);
    }

    private void compute(SseArithmetic sse, long[] results, int at, long aLow, long aHigh, long bLow, long bHigh) {
        switch (kind) {
            case HADDPS -> {
                results[at] = PackedDwords.pair(sse.sumOfFloats(aLow), sse.sumOfFloats(aHigh));
                results[at + 1] = PackedDwords.pair(sse.sumOfFloats(bLow), sse.sumOfFloats(bHigh));
            }
            case HADDPD -> {
                results[at] = sse.f64.add(aLow, aHigh);
                results[at + 1] = sse.f64.add(bLow, bHigh);
            }
            case HSUBPS -> {
                results[at] = PackedDwords.pair(subtractPair(sse, aLow), subtractPair(sse, aHigh));
                results[at + 1] = PackedDwords.pair(subtractPair(sse, bLow), subtractPair(sse, bHigh));
            }
            case HSUBPD -> {
                results[at] = sse.f64.subtract(aLow, aHigh);
                results[at + 1] = sse.f64.subtract(bLow, bHigh);
            }
            case DPPS -> {
                spread(results, at, sse.dotProductOfFloats(aLow, aHigh, bLow, bHigh, immediate));
            }
            default -> {
                long sum = sse.dotProductOfDoubles(aLow, aHigh, bLow, bHigh, immediate);
                results[at] = (immediate & 1) != 0 ? sum : 0;
                results[at + 1] = (immediate & 2) != 0 ? sum : 0;
            }
        }
    }

    /** VDPPS on 32 bytes: both halves take each step together, so that an exception in one ends the other too. */
    private void dotProducts(Cpu cpu, SseArithmetic sse, long b0, long b1, long b2, long b3) {
        long p0 = sse.productsOfFloats(cpu.field(first), b0, immediate >>> 4);
        long p1 = sse.productsOfFloats(cpu.field(first + 8), b1, immediate >>> 6);
        long p2 = sse.productsOfFloats(cpu.field(first + 16), b2, immediate >>> 4);
        long p3 = sse.productsOfFloats(cpu.field(first + 24), b3, immediate >>> 6);
        if (sse.mxcsr.endsAtStep()) {
            return;
        }
        long low = PackedDwords.pair(sse.sumOfFloats(p0), sse.sumOfFloats(p1));
        long high = PackedDwords.pair(sse.sumOfFloats(p2), sse.sumOfFloats(p3));
        if (!sse.mxcsr.endsAtStep()) {
            spread(cpu.wide, 0, sse.sumOfFloats(low));
            spread(cpu.wide, 2, sse.sumOfFloats(high));
        }
    }

    /** Puts the sum where the immediate's low bits say, zeros elsewhere. */
    private void spread(long[] results, int at, int sum) {
        long both = PackedDwords.pair(sum, sum);
        results[at] = PackedDwords.blend(0, both, immediate);
        results[at + 1] = PackedDwords.blend(0, both, immediate >>> 2);
    }

    private static int subtractPair(SseArithmetic sse, long pair) {
        return sse.f32.subtract((int) pair, (int) (pair >>> 32));
    }
}
