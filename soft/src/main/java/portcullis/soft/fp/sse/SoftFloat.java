package portcullis.soft.fp.sse;

import static portcullis.soft.fp.sse.BinaryFormat.LEADING_BIT;

/**
 * The exact path: every operand, rounding mode and flag, by integer arithmetic. One method serves all formats.
 *
 * <p>Exceptions of one element have the order of SDM volume 1, 4.9.2: NaN operands, other invalid operands, division by zero,
 * denormal operands, then what rounding brings; the first of the invalid and zero kinds ends the element.
 *
 * <p>Values under way are a sign, an exponent and a significand with its leading bit at {@link BinaryFormat#LEADING_BIT},
 * where the lowest bit also stands for anything below it ("jamming").
 */
final class SoftFloat {
    private final Mxcsr mxcsr;

    SoftFloat(Mxcsr mxcsr) {
        this.mxcsr = mxcsr;
    }

    /** @param subtract negate {@code b}, unless it is a NaN */
    long add(BinaryFormat f, long a, long b, boolean subtract) {
        if (f.isNan(a) || f.isNan(b)) {
            return propagateNan(f, a, b);
        }
        int denormal = denormalFlag(f, a) | denormalFlag(f, b);
        long x = withoutDenormals(f, a);
        long y = withoutDenormals(f, b) ^ (subtract ? f.signMask : 0);
        boolean sameSign = f.negative(x) == f.negative(y);
        if (f.isInfinite(x) || f.isInfinite(y)) {
            if (f.isInfinite(x) && f.isInfinite(y) && !sameSign) {
                return invalid(f);
            }
            mxcsr.raise(denormal);
            return f.isInfinite(x) ? x : y;
        }
        mxcsr.raise(denormal);
        if (f.isZero(x) && f.isZero(y)) {
            return sameSign ? x : f.zero(mxcsr.rounding() == Mxcsr.DOWN);
        }
        if (f.isZero(x) || f.isZero(y)) {
            long only = f.isZero(x) ? y : x;
            return round(f, f.negative(only), f.exponent(only), f.significand(only));
        }
        return addFinite(f, x, y, sameSign);
    }

    private long addFinite(BinaryFormat f, long x, long y, boolean sameSign) {
        if (f.magnitude(x) < f.magnitude(y)) {
            long swap = x;
            x = y;
            y = swap;
        }
        int exponent = f.exponent(x) + 1;
        long big = f.significand(x) >>> 1;
        long small = shiftRightJam(f.significand(y) >>> 1, f.exponent(x) - f.exponent(y));
        long sum = sameSign ? big + small : big - small;
        if (sum == 0) {
            return f.zero(mxcsr.rounding() == Mxcsr.DOWN);
        }
        int shift = Long.numberOfLeadingZeros(sum) - 1;
        return round(f, f.negative(x), exponent - shift, sum << shift);
    }

    long multiply(BinaryFormat f, long a, long b) {
        if (f.isNan(a) || f.isNan(b)) {
            return propagateNan(f, a, b);
        }
        long x = withoutDenormals(f, a);
        long y = withoutDenormals(f, b);
        boolean negative = f.negative(x) != f.negative(y);
        boolean infinite = f.isInfinite(x) || f.isInfinite(y);
        boolean zero = f.isZero(x) || f.isZero(y);
        if (infinite && zero) {
            return invalid(f);
        }
        mxcsr.raise(denormalFlag(f, a) | denormalFlag(f, b));
        if (infinite) {
            return f.infinity(negative);
        }
        if (zero) {
            return f.zero(negative);
        }
        long p = f.significand(x);
        long q = f.significand(y);
        long product = Math.multiplyHigh(p, q) | (p * q != 0 ? 1 : 0);
        int shift = Long.numberOfLeadingZeros(product) - 1;
        // Two factors in [2^62, 2^63) have a product whose high half is in [2^60, 2^62).
        return round(f, negative, f.exponent(x) + f.exponent(y) + 2 - shift, product << shift);
    }

    long divide(BinaryFormat f, long a, long b) {
        if (f.isNan(a) || f.isNan(b)) {
            return propagateNan(f, a, b);
        }
        long x = withoutDenormals(f, a);
        long y = withoutDenormals(f, b);
        boolean negative = f.negative(x) != f.negative(y);
        if (f.isZero(x) && f.isZero(y) || f.isInfinite(x) && f.isInfinite(y)) {
            return invalid(f);
        }
        if (f.isZero(y) && !f.isInfinite(x)) {
            mxcsr.raise(Mxcsr.ZE);
            return f.infinity(negative);
        }
        mxcsr.raise(denormalFlag(f, a) | denormalFlag(f, b));
        if (f.isInfinite(x) || f.isZero(y)) {
            return f.infinity(negative);
        }
        if (f.isZero(x) || f.isInfinite(y)) {
            return f.zero(negative);
        }
        double dividend = unitDouble(f.significand(x), 0);
        double divisor = unitDouble(f.significand(y), 0);
        double quotient = dividend / divisor;
        return roundEstimate(
                f, negative, f.exponent(x) - f.exponent(y), quotient, Math.fma(-quotient, divisor, dividend));
    }

    long squareRoot(BinaryFormat f, long a) {
        if (f.isNan(a)) {
            return propagateNan(f, a, a);
        }
        long x = withoutDenormals(f, a);
        if (f.isZero(x)) {
            return x;
        }
        if (f.negative(x)) {
            return invalid(f);
        }
        mxcsr.raise(denormalFlag(f, a));
        if (f.isInfinite(x)) {
            return x;
        }
        int odd = f.exponent(x) & 1;
        double radicand = unitDouble(f.significand(x), odd);
        double root = Math.sqrt(radicand);
        return roundEstimate(f, false, f.exponent(x) - odd >> 1, root, Math.fma(-root, root, radicand));
    }

    /** The significand, of at most 53 bits, as a number in [1, 2), times 2^exponent. */
    private static double unitDouble(long significand, int exponent) {
        return Double.longBitsToDouble(
                (significand >>> 10 & BinaryFormat.BINARY64.fractionMask) + (1023L + exponent << 52));
    }

    /**
     * Rounds {@code estimate} times 2^exponent, where {@code estimate} is the exact value rounded to 53 bits and {@code residual}
     * says on which side of it the exact value lies. No number that rounding has to compare with lies between the two.
     */
    private long roundEstimate(BinaryFormat f, boolean negative, int exponent, double estimate, double residual) {
        long bits = Double.doubleToRawLongBits(estimate);
        long significand = BinaryFormat.BINARY64.significand(bits) + (residual > 0 ? 1 : residual < 0 ? -1 : 0);
        // One less than a power of two has lost its leading bit; a zero then comes in below, where only "not zero"
        // counts.
        int shift = Long.numberOfLeadingZeros(significand) - 1;
        return round(f, negative, exponent + BinaryFormat.BINARY64.exponent(bits) - shift, significand << shift);
    }

    /**
     * The exact a*b + c, rounded once. A NaN is looked for in the order a, b, c; FMA3's forms name their operands in that order
     * too (132: first, third, second).
     *
     * @param negateProduct, negateAddend change signs, but not of NaN operands
     */
    long fusedMultiplyAdd(BinaryFormat f, long a, long b, long c, boolean negateProduct, boolean negateAddend) {
        if (f.isNan(a) || f.isNan(b) || f.isNan(c)) {
            return propagateNan(f, a, b, c);
        }
        long x = withoutDenormals(f, a);
        long y = withoutDenormals(f, b);
        long z = withoutDenormals(f, c) ^ (negateAddend ? f.signMask : 0);
        boolean negative = f.negative(x) != f.negative(y) != negateProduct;
        boolean infiniteProduct = f.isInfinite(x) || f.isInfinite(y);
        boolean zeroProduct = f.isZero(x) || f.isZero(y);
        if (infiniteProduct && (zeroProduct || f.isInfinite(z) && f.negative(z) != negative)) {
            return invalid(f);
        }
        mxcsr.raise(denormalFlag(f, a) | denormalFlag(f, b) | denormalFlag(f, c));
        if (infiniteProduct) {
            return f.infinity(negative);
        }
        if (f.isInfinite(z)) {
            return z;
        }
        if (zeroProduct) {
            if (f.isZero(z)) {
                return f.negative(z) == negative ? z : f.zero(mxcsr.rounding() == Mxcsr.DOWN);
            }
            return round(f, f.negative(z), f.exponent(z), f.significand(z));
        }
        return fuseFinite(f, negative, x, y, z);
    }

    /** Product and addend as 128-bit integers in units of 2^(exponent - 124). */
    private long fuseFinite(BinaryFormat f, boolean negative, long x, long y, long z) {
        long p = f.significand(x);
        long q = f.significand(y);
        long high = Math.multiplyHigh(p, q);
        long low = p * q;
        int exponent = f.exponent(x) + f.exponent(y);
        if (!f.isZero(z)) {
            int distance = exponent - f.exponent(z);
            long addend = f.significand(z);
            long addendHigh = addend >>> 2;
            long addendLow = addend << 62;
            if (distance > 0) {
                long shifted = shiftRightJamHigh(addendHigh, distance);
                addendLow = shiftRightJamLow(addendHigh, addendLow, distance);
                addendHigh = shifted;
            } else if (distance < 0) {
                long shifted = shiftRightJamHigh(high, -distance);
                low = shiftRightJamLow(high, low, -distance);
                high = shifted;
                exponent -= distance;
            }
            if (f.negative(z) == negative) {
                low += addendLow;
                high += addendHigh + (Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0);
            } else {
                long borrow = Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0;
                low -= addendLow;
                high -= addendHigh + borrow;
                if (high < 0) {
                    negative = !negative;
                    high = ~high + (low == 0 ? 1 : 0);
                    low = -low;
                }
                if ((high | low) == 0) {
                    return f.zero(mxcsr.rounding() == Mxcsr.DOWN);
                }
            }
        }
        if (high == 0) {
            // Only massive cancellation comes here, and it is exact: at most 53 bits of the low half are in use.
            int shift = Long.numberOfLeadingZeros(low) - 1;
            long significand = shift < 0 ? low >>> 1 | low & 1 : low << shift;
            return round(f, negative, exponent - LEADING_BIT - shift, significand);
        }
        int shift = Long.numberOfLeadingZeros(high) - 1;
        long significand = shift == 0 ? high : high << shift | low >>> 64 - shift;
        significand |= low << shift != 0 ? 1 : 0;
        return round(f, negative, exponent + 2 - shift, significand);
    }

    private static long shiftRightJamHigh(long high, int distance) {
        return distance < 64 ? high >>> distance : 0;
    }

    private static long shiftRightJamLow(long high, long low, int distance) {
        if (distance < 64) {
            return high << 64 - distance | low >>> distance | (low << 64 - distance != 0 ? 1 : 0);
        }
        if (distance == 64) {
            return high | (low != 0 ? 1 : 0);
        }
        return shiftRightJam(high, distance - 64) | (low != 0 ? 1 : 0);
    }

    static long shiftRightJam(long value, int distance) {
        if (distance == 0) {
            return value;
        }
        if (distance > 63) {
            return value != 0 ? 1 : 0;
        }
        return value >>> distance | (value << 64 - distance != 0 ? 1 : 0);
    }

    /** Converts between formats, rounding by MXCSR; denormal operands count. */
    long convert(BinaryFormat from, BinaryFormat to, long a) {
        return convert(from, to, a, mxcsr.rounding(), mxcsr.flushToZero());
    }

    long convert(BinaryFormat from, BinaryFormat to, long a, int rounding, boolean flushToZero) {
        boolean negative = from.negative(a);
        if (from.isNan(a)) {
            if (from.isSignalling(a)) {
                mxcsr.raise(Mxcsr.IE);
            }
            long payload = from.fractionBits > to.fractionBits
                    ? (a & from.fractionMask) >>> from.fractionBits - to.fractionBits
                    : (a & from.fractionMask) << to.fractionBits - from.fractionBits;
            return to.infinity(negative) | to.quietBit | payload;
        }
        mxcsr.raise(denormalFlag(from, a));
        long x = withoutDenormals(from, a);
        if (from.isInfinite(x)) {
            return to.infinity(negative);
        }
        if (from.isZero(x)) {
            return to.zero(negative);
        }
        return round(to, negative, from.exponent(x), from.significand(x), rounding, flushToZero);
    }

    /** A signed integer in the given format, rounded by MXCSR. */
    long fromInteger(BinaryFormat f, long value) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude) - 1;
        // Long.MIN_VALUE is its own magnitude, an exact power of two.
        long significand = shift < 0 ? magnitude >>> 1 : magnitude << shift;
        return round(f, value < 0, LEADING_BIT - shift, significand);
    }

    private long round(BinaryFormat f, boolean negative, int exponent, long significand) {
        return round(f, negative, exponent, significand, mxcsr.rounding(), mxcsr.flushToZero());
    }

    /** Rounds and packs; raises OE, UE and PE (SDM volume 1, 4.9.1.4 to 4.9.1.6). Tininess is seen after rounding. */
    private long round(
            BinaryFormat f, boolean negative, int exponent, long significand, int rounding, boolean flushToZero) {
        int discarded = LEADING_BIT - f.fractionBits;
        int biased = exponent + f.bias;
        long discardedMask = (1L << discarded) - 1;
        long rounded = roundOff(significand, discarded, negative, rounding);
        boolean inexact = (significand & discardedMask) != 0;
        boolean carry = rounded >>> f.fractionBits + 1 != 0;
        if (biased + (carry ? 1 : 0) >= f.specialExponent) {
            return overflow(f, negative, inexact, rounding);
        }
        if (biased <= 0) {
            boolean tiny = biased < 0 || !carry;
            if (tiny && flushToZero && mxcsr.masked(Mxcsr.UE)) {
                mxcsr.raise(Mxcsr.UE | Mxcsr.PE);
                return f.zero(negative);
            }
            if (tiny && !mxcsr.masked(Mxcsr.UE)) {
                // The result is not written; what counts as inexact is then the result with an unbounded exponent.
                mxcsr.raise(inexact ? Mxcsr.UE | Mxcsr.PE : Mxcsr.UE);
                return 0;
            }
            long denormalised = shiftRightJam(significand, 1 - biased);
            rounded = roundOff(denormalised, discarded, negative, rounding);
            if ((denormalised & discardedMask) != 0) {
                mxcsr.raise(tiny ? Mxcsr.UE | Mxcsr.PE : Mxcsr.PE);
            }
            // Rounding up to the smallest normal number carries into the exponent field by itself.
            return f.zero(negative) | rounded;
        }
        if (inexact) {
            mxcsr.raise(Mxcsr.PE);
        }
        return f.zero(negative) | ((long) (biased - 1) << f.fractionBits) + rounded;
    }

    private long overflow(BinaryFormat f, boolean negative, boolean inexact, int rounding) {
        mxcsr.raise(inexact || mxcsr.masked(Mxcsr.OE) ? Mxcsr.OE | Mxcsr.PE : Mxcsr.OE);
        boolean away = rounding == Mxcsr.NEAREST || rounding == (negative ? Mxcsr.DOWN : Mxcsr.UP);
        return f.infinity(negative) - (away ? 0 : 1);
    }

    private static long roundOff(long significand, int discarded, boolean negative, int rounding) {
        long mask = (1L << discarded) - 1;
        if (rounding == Mxcsr.NEAREST) {
            long half = 1L << discarded - 1;
            long rounded = significand + half >>> discarded;
            return (significand & mask) == half ? rounded & ~1 : rounded;
        }
        boolean away = rounding == (negative ? Mxcsr.DOWN : Mxcsr.UP);
        return significand + (away ? mask : 0) >>> discarded;
    }

    /** The default NaN of an invalid operation. */
    long invalid(BinaryFormat f) {
        mxcsr.raise(Mxcsr.IE);
        return f.defaultNan;
    }

    /** The first NaN of the two, quieted (SDM volume 1, table 4-7 for SSE). */
    long propagateNan(BinaryFormat f, long a, long b) {
        if (f.isSignalling(a) || f.isSignalling(b)) {
            mxcsr.raise(Mxcsr.IE);
        }
        return (f.isNan(a) ? a : b) | f.quietBit;
    }

    private long propagateNan(BinaryFormat f, long a, long b, long c) {
        if (f.isSignalling(a) || f.isSignalling(b) || f.isSignalling(c)) {
            mxcsr.raise(Mxcsr.IE);
        }
        return (f.isNan(a) ? a : f.isNan(b) ? b : c) | f.quietBit;
    }

    /** DE where the operand is a denormal that counts as one. */
    int denormalFlag(BinaryFormat f, long a) {
        return f.isDenormal(a) && !mxcsr.denormalsAreZeros() ? Mxcsr.DE : 0;
    }

    /** The operand as DAZ makes it. */
    long withoutDenormals(BinaryFormat f, long a) {
        return mxcsr.denormalsAreZeros() && f.isDenormal(a) ? f.zero(f.negative(a)) : a;
    }
}
