package portcullis.soft.fp.x87;

/**
 * FPREM and FPREM1: the remainder of a division with its low three quotient bits in C0, C3 and C1, or, where the exponents are 64
 * or more apart, a partial reduction with C2 set.
 */
final class Remainder {
    private Remainder() {}

    /**
     * a - b * Q, where Q is the quotient cut off (FPREM) or, with {@code nearest}, rounded to the nearest even (FPREM1). Returns
     * whether a result is to be stored.
     */
    static boolean remainder(X87Arithmetic fp, boolean nearest, long aSig, int aSe, long bSig, int bSe) {
        int sign = aSe & Extended.SIGN;
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, aClass, aSig, aSe, bClass, bSig, bSe);
        }
        if (aClass == Extended.INFINITY || bClass == Extended.ZERO) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        if (aClass == Extended.ZERO) {
            return fp.set(0, sign);
        }
        int aShift = Long.numberOfLeadingZeros(aSig);
        int aExponent = Extended.effectiveExponent(aSe) - aShift;
        long dividend = aSig << aShift;
        if (bClass == Extended.INFINITY) {
            return fp.roundExtended(sign, aExponent, dividend, 0);
        }
        int bShift = Long.numberOfLeadingZeros(bSig);
        int bExponent = Extended.effectiveExponent(bSe) - bShift;
        long divisor = bSig << bShift;
        int distance = aExponent - bExponent;
        if (distance >= 64) {
            return partial(fp, sign, dividend, divisor, bExponent, distance);
        }
        return complete(fp, nearest, sign, dividend, divisor, bExponent, distance);
    }

    /**
     * Takes from the dividend a multiple of 2^(distance - n) times the divisor. The manual leaves n open between 32 and 63; this is
     * the choice of current processors: it makes what is left a multiple of 32 places.
     */
    private static boolean partial(
            X87Arithmetic fp, int sign, long dividend, long divisor, int bExponent, int distance) {
        int n = 32 + (distance & 31);
        long remainder = modulo(dividend, divisor, n);
        fp.flags |= StatusWord.C2;
        if (remainder == 0) {
            return fp.set(0, sign);
        }
        int shift = Long.numberOfLeadingZeros(remainder);
        return fp.roundExtended(sign, bExponent + distance - n - shift, remainder << shift, 0);
    }

    private static boolean complete(
            X87Arithmetic fp, boolean nearest, int sign, long dividend, long divisor, int bExponent, int distance) {
        int resultSign = sign;
        long quotient = 0;
        long remainder = dividend;
        int exponent = bExponent;
        if (distance >= 0) {
            remainder = modulo(dividend, divisor, distance);
            // The quotient's low bits, modulo 2^64, are all that is wanted of it.
            quotient = quotient(dividend, divisor, distance);
        } else if (nearest && distance == -1) {
            // a is less than b but may be more than half of it: compare at a's scale.
            if (Long.compareUnsigned(dividend, divisor) > 0) {
                // b - a, in units of a's last place: 2 * divisor - dividend fits, as dividend exceeds divisor.
                remainder = (divisor << 1) - dividend;
                resultSign ^= Extended.SIGN;
                quotient = 1;
            }
            exponent = bExponent - 1;
        } else {
            exponent = bExponent + distance;
        }
        if (nearest && distance >= 0) {
            int order = Long.compareUnsigned(remainder, divisor - remainder);
            if (order > 0 || (order == 0 && (quotient & 1) != 0)) {
                remainder = divisor - remainder;
                resultSign ^= Extended.SIGN;
                quotient++;
            }
        }
        fp.flags |= ((quotient & 4) != 0 ? StatusWord.C0 : 0)
                | ((quotient & 2) != 0 ? StatusWord.C3 : 0)
                | ((quotient & 1) != 0 ? StatusWord.C1 : 0);
        if (remainder == 0) {
            return fp.set(0, sign);
        }
        int shift = Long.numberOfLeadingZeros(remainder);
        return fp.roundExtended(resultSign, exponent - shift, remainder << shift, 0);
    }

    /** {@code (dividend * 2^places) mod divisor} for normalized significands, 0 to 63 places. */
    private static long modulo(long dividend, long divisor, int places) {
        long reduced = Long.compareUnsigned(dividend, divisor) >= 0 ? dividend - divisor : dividend;
        if (places == 0) {
            return reduced;
        }
        long high = reduced >>> (64 - places);
        long low = reduced << places;
        return low - Division.quotient(high, low, divisor) * divisor;
    }

    /** {@code (dividend * 2^places) / divisor}, modulo 2^64. */
    private static long quotient(long dividend, long divisor, int places) {
        boolean larger = Long.compareUnsigned(dividend, divisor) >= 0;
        long reduced = larger ? dividend - divisor : dividend;
        long whole = larger ? 1L << places : 0;
        if (places == 0) {
            return whole;
        }
        return whole + Division.quotient(reduced >>> (64 - places), reduced << places, divisor);
    }
}
