package portcullis.soft.fp.sse;

import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;
import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;
import static portcullis.soft.fp.sse.BinaryFormat.BINARY16;
import static portcullis.soft.fp.sse.BinaryFormat.BINARY32;
import static portcullis.soft.fp.sse.BinaryFormat.BINARY64;

/**
 * Conversions between formats and to and from integers. Integers that do not fit become the integer indefinite value, the
 * most negative one, and raise IE.
 */
public final class Conversions {
    private static final double TWO_TO_31 = 0x1p31;
    private static final double TWO_TO_63 = 0x1p63;

    private final Mxcsr mxcsr;
    private final SoftFloat exact;

    Conversions(Mxcsr mxcsr, SoftFloat exact) {
        this.mxcsr = mxcsr;
        this.exact = exact;
    }

    /** CVTSD2SS. */
    public int doubleToFloat(long a) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            float converted = (float) x;
            int result = floatToRawIntBits(converted);
            int magnitude = result & Integer.MAX_VALUE;
            if (magnitude >= 2 << 23 && magnitude < 0xff << 23 && (mxcsr.nearestQuiet || converted == x)) {
                return result;
            }
        }
        return (int) exact.convert(BINARY64, BINARY32, a);
    }

    /** CVTSS2SD. */
    public long floatToDouble(int a) {
        int magnitude = a & Integer.MAX_VALUE;
        if (magnitude >= 1 << 23 && magnitude < 0xff << 23) {
            return doubleToRawLongBits(intBitsToFloat(a));
        }
        return exact.convert(BINARY32, BINARY64, Integer.toUnsignedLong(a));
    }

    /** VCVTPH2PS, an element of which is the low 16 bits of {@code a}. Half denormals are ordinary numbers here. */
    public int halfToFloat(int a) {
        long half = a & 0xffff;
        if (BINARY16.isDenormal(half)) {
            // Every binary16 number is a normal binary32 one, and neither DAZ nor DE applies (SDM volume 1, 14.4.1).
            return floatToRawIntBits(Float.float16ToFloat((short) half));
        }
        return (int) exact.convert(BINARY16, BINARY32, half);
    }

    /**
     * VCVTPS2PH. Denormal results are kept whatever FTZ says.
     *
     * @param immediate bits 1:0 rounding control, bit 2 use MXCSR's instead
     */
    public int floatToHalf(int a, int immediate) {
        int rounding = (immediate & 4) != 0 ? mxcsr.rounding() : immediate & 3;
        return (int) exact.convert(BINARY32, BINARY16, Integer.toUnsignedLong(a), rounding, false);
    }

    /** CVTSI2SD from 32 bits; always exact. */
    public long intToDouble(int value) {
        return doubleToRawLongBits(value);
    }

    /** CVTSI2SD from 64 bits. */
    public long longToDouble(long value) {
        if (Math.abs(value) >>> 53 == 0) {
            return doubleToRawLongBits(value);
        }
        return exact.fromInteger(BINARY64, value);
    }

    /** CVTSI2SS from 32 bits. */
    public int intToFloat(int value) {
        if (mxcsr.nearestQuiet || Math.abs(value) >>> 24 == 0) {
            return floatToRawIntBits(value);
        }
        return (int) exact.fromInteger(BINARY32, value);
    }

    /** CVTSI2SS from 64 bits. */
    public int longToFloat(long value) {
        if (mxcsr.nearestQuiet || Math.abs(value) >>> 24 == 0) {
            return floatToRawIntBits(value);
        }
        return (int) exact.fromInteger(BINARY32, value);
    }

    /** CVTSD2SI to 32 bits. */
    public int doubleToInt(long a) {
        return toInt(doubleOperand(a), mxcsr.rounding());
    }

    /** CVTTSD2SI to 32 bits. */
    public int doubleToIntTruncating(long a) {
        return toInt(doubleOperand(a), Mxcsr.TO_ZERO);
    }

    /** CVTSD2SI to 64 bits. */
    public long doubleToLong(long a) {
        return toLong(doubleOperand(a), mxcsr.rounding());
    }

    /** CVTTSD2SI to 64 bits. */
    public long doubleToLongTruncating(long a) {
        return toLong(doubleOperand(a), Mxcsr.TO_ZERO);
    }

    /** CVTSS2SI to 32 bits. */
    public int floatToInt(int a) {
        return toInt(floatOperand(a), mxcsr.rounding());
    }

    /** CVTTSS2SI to 32 bits. */
    public int floatToIntTruncating(int a) {
        return toInt(floatOperand(a), Mxcsr.TO_ZERO);
    }

    /** CVTSS2SI to 64 bits. */
    public long floatToLong(int a) {
        return toLong(floatOperand(a), mxcsr.rounding());
    }

    /** CVTTSS2SI to 64 bits. */
    public long floatToLongTruncating(int a) {
        return toLong(floatOperand(a), Mxcsr.TO_ZERO);
    }

    // Conversions to integers do not raise DE, but DAZ decides whether a denormal is inexact.

    private double doubleOperand(long a) {
        return longBitsToDouble(exact.withoutDenormals(BINARY64, a));
    }

    private double floatOperand(int a) {
        return intBitsToFloat((int) exact.withoutDenormals(BINARY32, Integer.toUnsignedLong(a)));
    }

    private int toInt(double x, int rounding) {
        double rounded = Rounding.toIntegral(x, rounding);
        if (rounded >= -TWO_TO_31 && rounded < TWO_TO_31) {
            if (rounded != x) {
                mxcsr.raise(Mxcsr.PE);
            }
            return (int) rounded;
        }
        mxcsr.raise(Mxcsr.IE);
        return Integer.MIN_VALUE;
    }

    private long toLong(double x, int rounding) {
        double rounded = Rounding.toIntegral(x, rounding);
        if (rounded >= -TWO_TO_63 && rounded < TWO_TO_63) {
            if (rounded != x) {
                mxcsr.raise(Mxcsr.PE);
            }
            return (long) rounded;
        }
        mxcsr.raise(Mxcsr.IE);
        return Long.MIN_VALUE;
    }
}
