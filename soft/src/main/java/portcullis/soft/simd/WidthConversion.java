package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.sse.Conversions;
import portcullis.soft.simd.packed.PackedDwords;

/** Packed conversions whose result is half or twice as wide as the source. */
final class WidthConversion extends VectorOp {
    // Widening kinds first.
    private static final int CVTPS2PD = 0;
    private static final int CVTDQ2PD = 1;
    private static final int CVTPH2PS = 2;
    private static final int CVTPD2PS = 3;
    private static final int CVTPD2DQ = 4;
    private static final int CVTTPD2DQ = 5;
    private static final int CVTPS2PH = 6;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new WidthConversion(in);

    private final int kind;
    private final int form;
    /** Longs of the wide side. */
    private final int longs;

    private WidthConversion(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
        longs = form == VEX256 ? 4 : 2;
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        widening(rows, "NP 0F 5A", "CVTPS2PD", CVTPS2PD);
        widening(rows, "F3 0F E6", "CVTDQ2PD", CVTDQ2PD);
        narrowing(rows, "66 0F 5A", "CVTPD2PS", CVTPD2PS);
        narrowing(rows, "F2 0F E6", "CVTPD2DQ", CVTPD2DQ);
        narrowing(rows, "66 0F E6", "CVTTPD2DQ", CVTTPD2DQ);
        rows.one("VEX.L0.W0 66 0F38 13", "VCVTPH2PS Vx,Wq", CVTPH2PS);
        rows.one("VEX.L1.W0 66 0F38 13", "VCVTPH2PS Vx,Wdq", CVTPH2PS);
        rows.one("VEX.L0.W0 66 0F3A 1D", "VCVTPS2PH Wq,Vx,Ib", CVTPS2PH);
        rows.one("VEX.L1.W0 66 0F3A 1D", "VCVTPS2PH Wdq,Vx,Ib", CVTPS2PH);
    }

    private static void widening(Rows rows, String encoding, String mnemonic, int kind) {
        rows.one(encoding, mnemonic + " Vdq,Wq", kind);
        rows.one("VEX.L0 " + encoding, "V" + mnemonic + " Vx,Wq", kind);
        rows.one("VEX.L1 " + encoding, "V" + mnemonic + " Vx,Wdq", kind);
    }

    private static void narrowing(Rows rows, String encoding, String mnemonic, int kind) {
        rows.one(encoding, mnemonic + " Vdq,Wdq", kind);
        rows.one("VEX " + encoding, "V" + mnemonic + " Vdq,Wx", kind);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        if (kind <= CVTPH2PS) {
            widen(cpu);
        } else if (kind == CVTPS2PH) {
            toHalves(cpu);
        } else {
            narrow(cpu);
        }
    }

    private void widen(Cpu cpu) {
        long s0;
        long s1 = 0;
        if (in.memory) {
            long la = linear(cpu, longs * 4, false);
            s0 = cpu.read64(la);
            s1 = longs == 4 ? cpu.read64(after(cpu, la, 8)) : 0;
        } else {
            s0 = cpu.field(second);
            s1 = cpu.field(second + 8);
        }
        Conversions convert = arithmetic(cpu).convert;
        long r0 = widened(convert, (int) s0);
        long r1 = widened(convert, (int) (s0 >>> 32));
        long r2 = longs == 4 ? widened(convert, (int) s1) : 0;
        long r3 = longs == 4 ? widened(convert, (int) (s1 >>> 32)) : 0;
        settle(cpu);
        cpu.field(destination, r0);
        cpu.field(destination + 8, r1);
        if (form != SSE) {
            cpu.field(destination + 16, r2);
            cpu.field(destination + 24, r3);
        }
    }

    private long widened(Conversions convert, int source) {
        return switch (kind) {
            case CVTPS2PD -> convert.floatToDouble(source);
            case CVTDQ2PD -> convert.intToDouble(source);
            default -> PackedDwords.pair(convert.halfToFloat(source), convert.halfToFloat(source >>> 16));
        };
    }

    private void narrow(Cpu cpu) {
        long la = 0;
        long host = 0;
        if (in.memory) {
            la = linear(cpu, longs * 8, false);
            if (form == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, longs * 8);
        }
        long s0 = in.memory ? load(cpu, host, la, 0) : cpu.field(second);
        long s1 = in.memory ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long s2 = longs < 4 ? 0 : in.memory ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long s3 = longs < 4 ? 0 : in.memory ? load(cpu, host, la, 3) : cpu.field(second + 24);
        Conversions convert = arithmetic(cpu).convert;
        long low = PackedDwords.pair(narrowed(convert, s0), narrowed(convert, s1));
        long high = longs == 4 ? PackedDwords.pair(narrowed(convert, s2), narrowed(convert, s3)) : 0;
        settle(cpu);
        cpu.field(destination, low);
        cpu.field(destination + 8, high);
        if (form != SSE) {
            clearUpper(cpu, destination, VEX128);
        }
    }

    private int narrowed(Conversions convert, long source) {
        return switch (kind) {
            case CVTPD2PS -> convert.doubleToFloat(source);
            case CVTPD2DQ -> convert.doubleToInt(source);
            default -> convert.doubleToIntTruncating(source);
        };
    }

    private void toHalves(Cpu cpu) {
        long la = 0;
        if (in.memory) {
            // The store's faults come before #XM and must find nothing raised.
            la = linear(cpu, longs * 4, true);
            cpu.probeWrite(la, longs * 4);
        }
        Conversions convert = arithmetic(cpu).convert;
        long low = halves(convert, cpu.field(destination)) | halves(convert, cpu.field(destination + 8)) << 32;
        long high = longs < 4
                ? 0
                : halves(convert, cpu.field(destination + 16)) | halves(convert, cpu.field(destination + 24)) << 32;
        settle(cpu);
        if (!in.memory) {
            cpu.field(second, low);
            cpu.field(second + 8, high);
            clearUpper(cpu, second, VEX128);
        } else if (longs == 4) {
            store(cpu, la, low, high);
        } else {
            cpu.write64(la, low);
        }
    }

    private long halves(Conversions convert, long pair) {
        return convert.floatToHalf((int) pair, immediate)
                | (long) convert.floatToHalf((int) (pair >>> 32), immediate) << 16;
    }
}
