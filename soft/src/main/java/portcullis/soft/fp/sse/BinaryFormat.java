package portcullis.soft.fp.sse;

/** An IEEE 754 binary interchange format. Values are raw bits, right-aligned in a long. */
final class BinaryFormat {
    static final BinaryFormat BINARY16 = new BinaryFormat(5, 10);
    static final BinaryFormat BINARY32 = new BinaryFormat(8, 23);
    static final BinaryFormat BINARY64 = new BinaryFormat(11, 52);

    /** Position of the leading bit in {@link #significand}. */
    static final int LEADING_BIT = 62;

    final int fractionBits;
    final int bias;
    /** Biased exponent of infinities and NaNs. */
    final int specialExponent;

    final long fractionMask;
    final long signMask;
    final long infinity;
    final long quietBit;
    /** What an invalid operation gives: the negative quiet NaN with no payload. */
    final long defaultNan;

    private BinaryFormat(int exponentBits, int fractionBits) {
        this.fractionBits = fractionBits;
        bias = (1 << exponentBits - 1) - 1;
        specialExponent = (1 << exponentBits) - 1;
        fractionMask = (1L << fractionBits) - 1;
        signMask = 1L << exponentBits + fractionBits;
        infinity = (long) specialExponent << fractionBits;
        quietBit = 1L << fractionBits - 1;
        defaultNan = signMask | infinity | quietBit;
    }

    long magnitude(long bits) {
        return bits & signMask - 1;
    }

    boolean negative(long bits) {
        return (bits & signMask) != 0;
    }

    boolean isNan(long bits) {
        return magnitude(bits) > infinity;
    }

    boolean isSignalling(long bits) {
        return isNan(bits) && (bits & quietBit) == 0;
    }

    boolean isInfinite(long bits) {
        return magnitude(bits) == infinity;
    }

    boolean isZero(long bits) {
        return magnitude(bits) == 0;
    }

    boolean isDenormal(long bits) {
        // Zero wraps to the largest unsigned value.
        return Long.compareUnsigned(magnitude(bits) - 1, fractionMask) < 0;
    }

    /** Unbiased exponent of a finite number other than zero, as if denormals were normalised. */
    int exponent(long bits) {
        int biased = (int) (magnitude(bits) >>> fractionBits);
        if (biased == 0) {
            return 1 - bias - (Long.numberOfLeadingZeros(bits & fractionMask) - (63 - fractionBits));
        }
        return biased - bias;
    }

    /** Significand of a finite number other than zero with its leading bit at {@link #LEADING_BIT}. */
    long significand(long bits) {
        long fraction = bits & fractionMask;
        if (magnitude(bits) >>> fractionBits == 0) {
            return fraction << Long.numberOfLeadingZeros(fraction) - 1;
        }
        return (fraction | fractionMask + 1) << LEADING_BIT - fractionBits;
    }

    long zero(boolean negative) {
        return negative ? signMask : 0;
    }

    long infinity(boolean negative) {
        return zero(negative) | infinity;
    }
}
