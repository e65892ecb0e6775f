package portcullis.soft.fp.sse;

import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;
import static portcullis.soft.fp.sse.BinaryFormat.BINARY32;

/**
 * Binary32 operations on raw bits. Exceptions are left in {@link Mxcsr}, to be settled at the end of the instruction.
 *
 * <p>The quick path holds as in {@link DoubleArithmetic}; exactness is found in binary64, which holds products of two binary32
 * numbers exactly.
 */
public final class FloatArithmetic {
    private static final int FRACTION = (int) BINARY32.fractionMask;
    private static final int MAGNITUDE = Integer.MAX_VALUE;
    private static final int SIGN = Integer.MIN_VALUE;

    private static final long PAIR_EXPONENTS = 0x7f80_0000_7f80_0000L;
    private static final long PAIR_EXPONENT_UNIT = 0x0080_0000_0080_0000L;
    private static final long PAIR_SIGNS = 0x8000_0000_8000_0000L;

    private final Mxcsr mxcsr;
    private final SoftFloat exact;

    FloatArithmetic(Mxcsr mxcsr, SoftFloat exact) {
        this.mxcsr = mxcsr;
        this.exact = exact;
    }

    public int add(int a, int b) {
        if (mxcsr.nearest) {
            float x = intBitsToFloat(a);
            float y = intBitsToFloat(b);
            float sum = x + y;
            int result = floatToRawIntBits(sum);
            if (plainSum(result) && notDenormal(a) && notDenormal(b) && (mxcsr.nearestQuiet || exactSum(x, y, sum))) {
                return result;
            }
        }
        return (int) exact.add(BINARY32, wide(a), wide(b), false);
    }

    public int subtract(int a, int b) {
        if (mxcsr.nearest) {
            float x = intBitsToFloat(a);
            float y = intBitsToFloat(b);
            float difference = x - y;
            int result = floatToRawIntBits(difference);
            if (plainSum(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || exactSum(x, -y, difference))) {
                return result;
            }
        }
        return (int) exact.add(BINARY32, wide(a), wide(b), true);
    }

    public int multiply(int a, int b) {
        if (mxcsr.nearest) {
            float x = intBitsToFloat(a);
            float y = intBitsToFloat(b);
            float product = x * y;
            int result = floatToRawIntBits(product);
            if (plain(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || (double) x * y == product)) {
                return result;
            }
        }
        return (int) exact.multiply(BINARY32, wide(a), wide(b));
    }

    public int divide(int a, int b) {
        if (mxcsr.nearest) {
            float x = intBitsToFloat(a);
            float y = intBitsToFloat(b);
            float quotient = x / y;
            int result = floatToRawIntBits(quotient);
            if (plain(result)
                    && notDenormal(a)
                    && notDenormal(b)
                    && (mxcsr.nearestQuiet || (double) quotient * y == x)) {
                return result;
            }
        }
        return (int) exact.divide(BINARY32, wide(a), wide(b));
    }

    /** {@link #add} of two elements. */
    public long addPairs(long a, long b) {
        if (mxcsr.nearestQuiet) {
            long result = pair(floatToRawIntBits(low(a) + low(b)), floatToRawIntBits(high(a) + high(b)));
            if (normalPairs(a, b) && plainPair(result)) {
                return result;
            }
        }
        return pair(add((int) a, (int) b), add((int) (a >>> 32), (int) (b >>> 32)));
    }

    /** {@link #subtract} of two elements. */
    public long subtractPairs(long a, long b) {
        if (mxcsr.nearestQuiet) {
            long result = pair(floatToRawIntBits(low(a) - low(b)), floatToRawIntBits(high(a) - high(b)));
            if (normalPairs(a, b) && plainPair(result)) {
                return result;
            }
        }
        return pair(subtract((int) a, (int) b), subtract((int) (a >>> 32), (int) (b >>> 32)));
    }

    /** {@link #multiply} of two elements. */
    public long multiplyPairs(long a, long b) {
        if (mxcsr.nearestQuiet) {
            long result = pair(floatToRawIntBits(low(a) * low(b)), floatToRawIntBits(high(a) * high(b)));
            if (normalPairs(a, b) && plainPair(result)) {
                return result;
            }
        }
        return pair(multiply((int) a, (int) b), multiply((int) (a >>> 32), (int) (b >>> 32)));
    }

    /** {@link #divide} of two elements. */
    public long dividePairs(long a, long b) {
        if (mxcsr.nearestQuiet) {
            long result = pair(floatToRawIntBits(low(a) / low(b)), floatToRawIntBits(high(a) / high(b)));
            if (normalPairs(a, b) && plainPair(result)) {
                return result;
            }
        }
        return pair(divide((int) a, (int) b), divide((int) (a >>> 32), (int) (b >>> 32)));
    }

    private static float low(long pair) {
        return intBitsToFloat((int) pair);
    }

    private static float high(long pair) {
        return intBitsToFloat((int) (pair >>> 32));
    }

    private static long pair(int low, int high) {
        return low & 0xffff_ffffL | (long) high << 32;
    }

    /** No exponent is 0. A borrow from the lower element may make it say no wrongly, never yes. */
    private static boolean normalPairs(long a, long b) {
        return (((a & PAIR_EXPONENTS) - PAIR_EXPONENT_UNIT | (b & PAIR_EXPONENTS) - PAIR_EXPONENT_UNIT) & PAIR_SIGNS)
                == 0;
    }

    /** {@link #plain} for both, with the same reservation. */
    private static boolean plainPair(long result) {
        long exponents = result & PAIR_EXPONENTS;
        return ((exponents - 2 * PAIR_EXPONENT_UNIT | exponents + PAIR_EXPONENT_UNIT) & PAIR_SIGNS) == 0;
    }

    public int squareRoot(int a) {
        if (mxcsr.nearest) {
            float x = intBitsToFloat(a);
            // The binary64 root has enough bits for a second rounding to change nothing.
            float root = (float) Math.sqrt(x);
            int result = floatToRawIntBits(root);
            if (plain(result) && notDenormal(a) && (mxcsr.nearestQuiet || (double) root * root == x)) {
                return result;
            }
        }
        return (int) exact.squareRoot(BINARY32, wide(a));
    }

    /** As {@link DoubleArithmetic#fusedMultiplyAdd}. */
    public int fusedMultiplyAdd(int a, int b, int c, boolean negateProduct, boolean negateAddend) {
        if (mxcsr.nearestQuiet) {
            float x = intBitsToFloat(negateProduct ? a ^ SIGN : a);
            float z = intBitsToFloat(negateAddend ? c ^ SIGN : c);
            int result = floatToRawIntBits(Math.fma(x, intBitsToFloat(b), z));
            if (plain(result) && notDenormal(a) && notDenormal(b) && notDenormal(c)) {
                return result;
            }
        }
        return (int) exact.fusedMultiplyAdd(BINARY32, wide(a), wide(b), wide(c), negateProduct, negateAddend);
    }

    /** MINSS: {@code b} where the operands are equal or one is a NaN. */
    public int minimum(int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (notDenormal(a) && notDenormal(b) && (x < y || x >= y)) {
            return x < y ? a : b;
        }
        return specialExtreme(a, b, true);
    }

    /** MAXSS: {@code b} where the operands are equal or one is a NaN. */
    public int maximum(int a, int b) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (notDenormal(a) && notDenormal(b) && (x > y || x <= y)) {
            return x > y ? a : b;
        }
        return specialExtreme(a, b, false);
    }

    private int specialExtreme(int a, int b, boolean least) {
        if (isNan(a) || isNan(b)) {
            mxcsr.raise(Mxcsr.IE);
            return withoutDenormals(b);
        }
        mxcsr.raise(denormalFlag(a) | denormalFlag(b));
        int u = withoutDenormals(a);
        int v = withoutDenormals(b);
        float x = intBitsToFloat(u);
        float y = intBitsToFloat(v);
        return (least ? x < y : x > y) ? u : v;
    }

    /**
     * Compares as COMISS, UCOMISS and CMPSS do.
     *
     * @param signalQuiet a quiet NaN raises IE too
     * @return a {@link Relation}
     */
    public int compare(int a, int b, boolean signalQuiet) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (!notDenormal(a) || !notDenormal(b)) {
            if (x != x || y != y) {
                return unordered(a, b, signalQuiet);
            }
            mxcsr.raise(denormalFlag(a) | denormalFlag(b));
            x = intBitsToFloat(withoutDenormals(a));
            y = intBitsToFloat(withoutDenormals(b));
        }
        if (x < y) {
            return Relation.LESS;
        }
        if (x > y) {
            return Relation.GREATER;
        }
        return x == y ? Relation.EQUAL : unordered(a, b, signalQuiet);
    }

    private int unordered(int a, int b, boolean signalQuiet) {
        if (signalQuiet || BINARY32.isSignalling(wide(a)) || BINARY32.isSignalling(wide(b))) {
            mxcsr.raise(Mxcsr.IE);
        }
        return Relation.UNORDERED;
    }

    /** CMPSS: all ones or zero. */
    public int compareMask(int a, int b, int predicate) {
        return Relation.holds(compare(a, b, Relation.signalsQuiet(predicate)), predicate) ? -1 : 0;
    }

    /** ROUNDSS, as {@link DoubleArithmetic#roundToIntegral}. */
    public int roundToIntegral(int a, int immediate) {
        if (isNan(a)) {
            return (int) exact.propagateNan(BINARY32, wide(a), wide(a));
        }
        float x = intBitsToFloat(withoutDenormals(a));
        float rounded = (float) Rounding.toIntegral(x, (immediate & 4) != 0 ? mxcsr.rounding() : immediate & 3);
        if (rounded != x && (immediate & 8) == 0) {
            mxcsr.raise(Mxcsr.PE);
        }
        return floatToRawIntBits(rounded);
    }

    private static boolean exactSum(float x, float y, float sum) {
        float yPart = sum - x;
        return (x - (sum - yPart)) + (y - yPart) == 0;
    }

    private static boolean plain(int result) {
        return Integer.compareUnsigned((result & MAGNITUDE) - (2 << 23), (0xff << 23) - (2 << 23)) < 0;
    }

    private static boolean plainSum(int result) {
        return plain(result) || (result & MAGNITUDE) == 0;
    }

    private static boolean notDenormal(int bits) {
        return Integer.compareUnsigned((bits & MAGNITUDE) - 1, FRACTION) >= 0;
    }

    private static boolean isNan(int bits) {
        return (bits & MAGNITUDE) > (int) BINARY32.infinity;
    }

    private int denormalFlag(int a) {
        return exact.denormalFlag(BINARY32, wide(a));
    }

    private int withoutDenormals(int a) {
        return (int) exact.withoutDenormals(BINARY32, wide(a));
    }

    private static long wide(int bits) {
        return Integer.toUnsignedLong(bits);
    }
}
