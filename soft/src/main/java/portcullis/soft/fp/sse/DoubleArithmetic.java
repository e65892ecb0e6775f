package portcullis.soft.fp.sse;

import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;
import static portcullis.soft.fp.sse.BinaryFormat.BINARY64;

/**
 * Binary64 operations on raw bits. Exceptions are left in {@link Mxcsr}, to be settled at the end of the instruction.
 *
 * <p>The quick path holds where Java's result is the hardware's and no flag changes: round to nearest, no denormal operand,
 * a result that is neither special nor near the denormals, and either an exact result or PE masked and already set. Exactness is
 * read from the error term, which is itself exact (Knuth's TwoSum, FMA residuals).
 */
public final class DoubleArithmetic {
    private static final long FRACTION = BINARY64.fractionMask;
    private static final long MAGNITUDE = Long.MAX_VALUE;
    /** Residuals of operations on numbers with at least this biased exponent are no denormals. */
    private static final int EXPONENT_WITH_EXACT_RESIDUAL = 128;

    private final Mxcsr mxcsr;
    private final SoftFloat exact;

    DoubleArithmetic(Mxcsr mxcsr, SoftFloat exact) {
        this.mxcsr = mxcsr;
        this.exact = exact;
    }

    public long add(long a, long b) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double sum = x + y;
            long result = doubleToRawLongBits(sum);
            if (plainSum(result) && notDenormal(a) && notDenormal(b) && (mxcsr.nearestQuiet || exactSum(x, y, sum))) {
                return result;
            }
        }
        return exact.add(BINARY64, a, b, false);
    }

    public long subtract(long a, long b) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double difference = x - y;
            long result = doubleToRawLongBits(difference);
            if (plainSum(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || exactSum(x, -y, difference))) {
                return result;
            }
        }
        return exact.add(BINARY64, a, b, true);
    }

    public long multiply(long a, long b) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double product = x * y;
            long result = doubleToRawLongBits(product);
            if (plain(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || exponentAllowsResidual(result) && Math.fma(x, y, -product) == 0)) {
                return result;
            }
        }
        return exact.multiply(BINARY64, a, b);
    }

    public long divide(long a, long b) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double quotient = x / y;
            long result = doubleToRawLongBits(quotient);
            if (plain(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || exponentAllowsResidual(a) && Math.fma(quotient, y, -x) == 0)) {
                return result;
            }
        }
        return exact.divide(BINARY64, a, b);
    }

    public long squareRoot(long a) {
        if (mxcsr.nearest) {
            double x = longBitsToDouble(a);
            double root = Math.sqrt(x);
            long result = doubleToRawLongBits(root);
            if (plain(result)
                    && notDenormal(a)
                    && (mxcsr.nearestQuiet || exponentAllowsResidual(a) && Math.fma(root, root, -x) == 0)) {
                return result;
            }
        }
        return exact.squareRoot(BINARY64, a);
    }

    /**
     * The exact a*b + c, rounded once. NaN operands win in the order a, b, c: for FMA3 pass them in the order that the form's
     * digits give (132: first, third, second).
     *
     * @param negateProduct FNMADD, FNMSUB
     * @param negateAddend FMSUB, FNMSUB
     */
    public long fusedMultiplyAdd(long a, long b, long c, boolean negateProduct, boolean negateAddend) {
        if (mxcsr.nearestQuiet) {
            double x = longBitsToDouble(negateProduct ? a ^ BINARY64.signMask : a);
            double z = longBitsToDouble(negateAddend ? c ^ BINARY64.signMask : c);
            long result = doubleToRawLongBits(Math.fma(x, longBitsToDouble(b), z));
            if (plain(result) && notDenormal(a) && notDenormal(b) && notDenormal(c)) {
                return result;
            }
        }
        return exact.fusedMultiplyAdd(BINARY64, a, b, c, negateProduct, negateAddend);
    }

    /** MINSD: {@code b} where the operands are equal or one is a NaN. */
    public long minimum(long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (notDenormal(a) && notDenormal(b) && (x < y || x >= y)) {
            return x < y ? a : b;
        }
        return specialExtreme(a, b, true);
    }

    /** MAXSD: {@code b} where the operands are equal or one is a NaN. */
    public long maximum(long a, long b) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (notDenormal(a) && notDenormal(b) && (x > y || x <= y)) {
            return x > y ? a : b;
        }
        return specialExtreme(a, b, false);
    }

    private long specialExtreme(long a, long b, boolean least) {
        if (BINARY64.isNan(a) || BINARY64.isNan(b)) {
            mxcsr.raise(Mxcsr.IE);
            return exact.withoutDenormals(BINARY64, b);
        }
        mxcsr.raise(exact.denormalFlag(BINARY64, a) | exact.denormalFlag(BINARY64, b));
        long u = exact.withoutDenormals(BINARY64, a);
        long v = exact.withoutDenormals(BINARY64, b);
        double x = longBitsToDouble(u);
        double y = longBitsToDouble(v);
        return (least ? x < y : x > y) ? u : v;
    }

    /**
     * Compares as COMISD, UCOMISD and CMPSD do.
     *
     * @param signalQuiet a quiet NaN raises IE too
     * @return a {@link Relation}
     */
    public int compare(long a, long b, boolean signalQuiet) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (!notDenormal(a) || !notDenormal(b)) {
            if (x != x || y != y) {
                return unordered(a, b, signalQuiet);
            }
            mxcsr.raise(exact.denormalFlag(BINARY64, a) | exact.denormalFlag(BINARY64, b));
            x = longBitsToDouble(exact.withoutDenormals(BINARY64, a));
            y = longBitsToDouble(exact.withoutDenormals(BINARY64, b));
        }
        if (x < y) {
            return Relation.LESS;
        }
        if (x > y) {
            return Relation.GREATER;
        }
        return x == y ? Relation.EQUAL : unordered(a, b, signalQuiet);
    }

    private int unordered(long a, long b, boolean signalQuiet) {
        if (signalQuiet || BINARY64.isSignalling(a) || BINARY64.isSignalling(b)) {
            mxcsr.raise(Mxcsr.IE);
        }
        return Relation.UNORDERED;
    }

    /** CMPSD: all ones or zero. */
    public long compareMask(long a, long b, int predicate) {
        return Relation.holds(compare(a, b, Relation.signalsQuiet(predicate)), predicate) ? -1L : 0;
    }

    /**
     * ROUNDSD.
     *
     * @param immediate bits 1:0 rounding control, bit 2 use MXCSR's instead, bit 3 leave PE alone
     */
    public long roundToIntegral(long a, int immediate) {
        if (BINARY64.isNan(a)) {
            return exact.propagateNan(BINARY64, a, a);
        }
        double x = longBitsToDouble(exact.withoutDenormals(BINARY64, a));
        double rounded = Rounding.toIntegral(x, (immediate & 4) != 0 ? mxcsr.rounding() : immediate & 3);
        if (rounded != x && (immediate & 8) == 0) {
            mxcsr.raise(Mxcsr.PE);
        }
        return doubleToRawLongBits(rounded);
    }

    private static boolean exactSum(double x, double y, double sum) {
        double yPart = sum - x;
        return (x - (sum - yPart)) + (y - yPart) == 0;
    }

    /** Neither special nor so small that tininess before and after rounding could differ. */
    private static boolean plain(long result) {
        return Long.compareUnsigned((result & MAGNITUDE) - (2L << 52), (0x7ffL << 52) - (2L << 52)) < 0;
    }

    /** {@link #plain}, or the zero of an exact sum. */
    private static boolean plainSum(long result) {
        return plain(result) || (result & MAGNITUDE) == 0;
    }

    private static boolean notDenormal(long bits) {
        return Long.compareUnsigned((bits & MAGNITUDE) - 1, FRACTION) >= 0;
    }

    private static boolean exponentAllowsResidual(long bits) {
        return (bits & MAGNITUDE) >>> 52 >= EXPONENT_WITH_EXACT_RESIDUAL;
    }
}
