package portcullis.soft.fp.x87;

/** FDIV, and the division of 128 by 64 bits that other operations share. */
final class Division {
    private Division() {}

    static boolean divide(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe) {
        int sign = (aSe ^ bSe) & Extended.SIGN;
        if (Extended.isNormal(aSig, aSe) && Extended.isNormal(bSig, bSe)) {
            return divideNormalized(
                    fp,
                    sign,
                    (aSe & Extended.EXPONENT_MASK) - (bSe & Extended.EXPONENT_MASK) + Extended.BIAS,
                    aSig,
                    bSig);
        }
        return divideSpecial(fp, sign, aSig, aSe, bSig, bSe);
    }

    private static boolean divideSpecial(X87Arithmetic fp, int sign, long aSig, int aSe, long bSig, int bSe) {
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, aClass, aSig, aSe, bClass, bSig, bSe);
        }
        if (classes == Extended.ZERO || classes == Extended.INFINITY) {
            return fp.invalid();
        }
        if (bClass == Extended.ZERO && aClass != Extended.INFINITY) {
            // Before the denormal operand: denormal / 0 raises #Z alone (SDM volume 1, 4.9.2).
            return fp.zeroDivide(sign);
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        if (aClass == Extended.INFINITY) {
            return fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        if (aClass == Extended.ZERO || bClass == Extended.INFINITY) {
            return fp.set(0, sign);
        }
        int aShift = Long.numberOfLeadingZeros(aSig);
        int bShift = Long.numberOfLeadingZeros(bSig);
        int exponent =
                Extended.effectiveExponent(aSe) - aShift - (Extended.effectiveExponent(bSe) - bShift) + Extended.BIAS;
        return divideNormalized(fp, sign, exponent, aSig << aShift, bSig << bShift);
    }

    private static boolean divideNormalized(X87Arithmetic fp, int sign, int exponent, long aSig, long bSig) {
        long high;
        long low;
        int quotientExponent;
        if (Long.compareUnsigned(aSig, bSig) < 0) {
            high = aSig;
            low = 0;
            quotientExponent = exponent - 1;
        } else {
            // Halved, so that the quotient fits in 64 bits with its integer bit set.
            high = aSig >>> 1;
            low = aSig << 63;
            quotientExponent = exponent;
        }
        long quotient = quotient(high, low, bSig);
        long remainder = low - quotient * bSig;
        if (remainder == 0) {
            return fp.round(sign, quotientExponent, quotient, 0);
        }
        // What is below the quotient, as less than, equal to or more than a half, never none.
        int order = Long.compareUnsigned(remainder, bSig - remainder);
        return fp.round(sign, quotientExponent, quotient, order < 0 ? 1 : order == 0 ? 1L << 63 : (1L << 63) | 1);
    }

    /**
     * {@code (high:low) / divisor}, unsigned, where {@code divisor} has bit 63 set and {@code high} is less than it. Two steps
     * of long division with digits of 32 bits (Knuth, TAOCP volume 2, 4.3.1, algorithm D).
     */
    static long quotient(long high, long low, long divisor) {
        long divisorHigh = divisor >>> 32;
        long divisorLow = divisor & 0xffff_ffffL;
        long first = digit(high, low >>> 32, divisorHigh, divisorLow);
        // The partial remainder is less than the divisor: arithmetic modulo 2^64 keeps all of it.
        long remainder = (high << 32 | low >>> 32) - first * divisor;
        long second = digit(remainder, low & 0xffff_ffffL, divisorHigh, divisorLow);
        return (first << 32) + second;
    }

    /** One digit of the quotient: {@code (high * 2^32 + next) / divisor}. */
    private static long digit(long high, long next, long divisorHigh, long divisorLow) {
        long digit = Long.divideUnsigned(high, divisorHigh);
        long rest = high - digit * divisorHigh;
        // The estimate is too large by at most 2 once it fits into a digit.
        while (digit >>> 32 != 0 || Long.compareUnsigned(digit * divisorLow, (rest << 32) | next) > 0) {
            digit--;
            rest += divisorHigh;
            if (rest >>> 32 != 0) {
                break;
            }
        }
        return digit;
    }
}
