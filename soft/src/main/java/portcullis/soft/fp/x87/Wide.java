package portcullis.soft.fp.x87;

/**
 * A binary floating-point number with 128 bits of significand: the working precision of the transcendental instructions.
 *
 * <p>Results are cut off, wrong by a few units of 2^-127 at most, which leaves more than fifty bits below those that are kept.
 * Mutable, and one operation's result may be one of its operands: a processor has its few and never makes another.
 */
final class Wide {
    boolean negative;
    /** Of the integer bit, without bias and without bounds that matter. */
    int exponent;
    /** Bits 127 to 64 of the significand, bit 127 set; 0 in a zero. */
    long high;

    long low;

    boolean isZero() {
        return high == 0;
    }

    void set(Wide other) {
        negative = other.negative;
        exponent = other.exponent;
        high = other.high;
        low = other.low;
    }

    /** Sets (-1)^negative * high.low * 2^exponent, where {@code high} has bit 63 set. */
    void set(boolean newNegative, int newExponent, long newHigh, long newLow) {
        negative = newNegative;
        exponent = newExponent;
        high = newHigh;
        low = newLow;
    }

    /** Sets a finite number other than zero of the extended format. */
    void setExtended(long significand, int signExponent) {
        int shift = Long.numberOfLeadingZeros(significand);
        set(
                (signExponent & Extended.SIGN) != 0,
                Extended.effectiveExponent(signExponent) - Extended.BIAS - shift,
                significand << shift,
                0);
    }

    void setInteger(long value) {
        if (value == 0) {
            set(false, 0, 0, 0);
            return;
        }
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        set(value < 0, 63 - shift, magnitude << shift, 0);
    }

    /** Sets an unsigned number of 128 bits times 2^(scale - 127), normalizing it. */
    void setFixed(boolean newNegative, int scale, long newHigh, long newLow) {
        if (newHigh != 0) {
            int shift = Long.numberOfLeadingZeros(newHigh);
            long merged = shift == 0 ? newHigh : (newHigh << shift) | (newLow >>> -shift);
            set(newNegative, scale - shift, merged, newLow << shift);
        } else if (newLow != 0) {
            int shift = Long.numberOfLeadingZeros(newLow);
            set(newNegative, scale - 64 - shift, newLow << shift, 0);
        } else {
            set(newNegative, 0, 0, 0);
        }
    }

    /** The magnitude as a binary fraction of 128 bits, its high word; for magnitudes below 1. */
    long fractionHigh() {
        int shift = -1 - exponent;
        return shift < 64 ? high >>> shift : 0;
    }

    /** The low word of {@link #fractionHigh}. */
    long fractionLow() {
        int shift = -1 - exponent;
        if (shift == 0) {
            return low;
        }
        if (shift < 64) {
            return (low >>> shift) | (high << -shift);
        }
        return shift < 128 ? high >>> (shift - 64) : 0;
    }

    /** this = a * b. */
    void multiply(Wide a, Wide b) {
        long ah = a.high;
        long al = a.low;
        long bh = b.high;
        long bl = b.low;
        boolean sign = a.negative ^ b.negative;
        int scale = a.exponent + b.exponent + 1;
        // The product of the two low words is below what is kept.
        long middle = Math.unsignedMultiplyHigh(ah, bl);
        long productLow = ah * bh;
        long productHigh = Math.unsignedMultiplyHigh(ah, bh);
        long sum = productLow + middle;
        if (Long.compareUnsigned(sum, productLow) < 0) {
            productHigh++;
        }
        long total = sum + Math.unsignedMultiplyHigh(al, bh);
        if (Long.compareUnsigned(total, sum) < 0) {
            productHigh++;
        }
        setFixed(sign, scale, productHigh, total);
    }

    /** this = a / b, where b is not zero. */
    void divide(Wide a, Wide b) {
        boolean sign = a.negative ^ b.negative;
        int scale = a.exponent - b.exponent;
        if (a.high == 0) {
            set(sign, 0, 0, 0);
            return;
        }
        long dh = b.high;
        long dl = b.low;
        long nh = a.high;
        long nl = a.low;
        int order = Long.compareUnsigned(nh, dh);
        if (order > 0 || (order == 0 && Long.compareUnsigned(nl, dl) >= 0)) {
            nl = (nl >>> 1) | (nh << 63);
            nh >>>= 1;
        } else {
            scale--;
        }
        // Two digits of 64 bits: the first exact, the second, estimated by the divisor's high word alone, 2 too large
        // at most.
        long first = nh == dh ? -1L : Division.quotient(nh, nl, dh);
        long restLow = -(first * dl);
        long restHigh = nl - first * dh - Math.unsignedMultiplyHigh(first, dl) - (restLow != 0 ? 1 : 0);
        while (tooLarge(first, nh, nl, dh, dl)) {
            first--;
            restLow += dl;
            restHigh += dh + (Long.compareUnsigned(restLow, dl) < 0 ? 1 : 0);
        }
        long second = Long.compareUnsigned(restHigh, dh) >= 0 ? -1L : Division.quotient(restHigh, restLow, dh);
        setFixed(sign, scale, first, second);
    }

    /** Whether digit * (dh:dl) exceeds (nh:nl:0). */
    private static boolean tooLarge(long digit, long nh, long nl, long dh, long dl) {
        long middleHigh = Math.unsignedMultiplyHigh(digit, dl);
        long productMiddle = digit * dh;
        long productHigh = Math.unsignedMultiplyHigh(digit, dh);
        long middle = productMiddle + middleHigh;
        if (Long.compareUnsigned(middle, productMiddle) < 0) {
            productHigh++;
        }
        int order = Long.compareUnsigned(productHigh, nh);
        if (order != 0) {
            return order > 0;
        }
        order = Long.compareUnsigned(middle, nl);
        return order != 0 ? order > 0 : digit * dl != 0;
    }

    /** this = a + b. */
    void add(Wide a, Wide b) {
        if (a.high == 0) {
            set(b);
            return;
        }
        if (b.high == 0) {
            set(a);
            return;
        }
        boolean aLarger = a.exponent != b.exponent
                ? a.exponent > b.exponent
                : a.high != b.high ? Long.compareUnsigned(a.high, b.high) > 0 : Long.compareUnsigned(a.low, b.low) >= 0;
        Wide large = aLarger ? a : b;
        Wide small = aLarger ? b : a;
        int distance = large.exponent - small.exponent;
        long smallHigh;
        long smallLow;
        if (distance == 0) {
            smallHigh = small.high;
            smallLow = small.low;
        } else if (distance < 64) {
            smallHigh = small.high >>> distance;
            smallLow = (small.low >>> distance) | (small.high << -distance);
        } else {
            smallHigh = 0;
            smallLow = distance < 128 ? small.high >>> (distance - 64) : 0;
        }
        boolean sign = large.negative;
        int scale = large.exponent;
        if (large.negative != small.negative) {
            long borrow = Long.compareUnsigned(large.low, smallLow) < 0 ? 1 : 0;
            setFixed(sign, scale, large.high - smallHigh - borrow, large.low - smallLow);
            return;
        }
        long sumLow = large.low + smallLow;
        long largeHigh = large.high;
        long carry = Long.compareUnsigned(sumLow, smallLow) < 0 ? 1 : 0;
        long sumHigh = largeHigh + smallHigh + carry;
        if (distance == 0 || sumHigh >= 0) {
            // The larger has its top bit set: a sum without it, or one of two such numbers, has carried out.
            set(sign, scale + 1, (sumHigh >>> 1) | (1L << 63), (sumLow >>> 1) | (sumHigh << 63));
        } else {
            set(sign, scale, sumHigh, sumLow);
        }
    }
}
