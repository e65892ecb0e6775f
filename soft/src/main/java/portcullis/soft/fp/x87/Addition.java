package portcullis.soft.fp.x87;

/** FADD and FSUB: sums of two operands, the second one's sign possibly changed. */
final class Addition {
    private Addition() {}

    /**
     * a + b, or a - b with {@code signChange} 0x8000. Returns whether a result is to be stored.
     *
     * <p>NaNs propagate with their own sign, so the sign is changed only after they are out of the way.
     */
    static boolean add(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe, int signChange) {
        if (Extended.isNormal(aSig, aSe) && Extended.isNormal(bSig, bSe)) {
            return addNormalized(
                    fp,
                    aSe & Extended.SIGN,
                    aSe & Extended.EXPONENT_MASK,
                    aSig,
                    (bSe ^ signChange) & Extended.SIGN,
                    bSe & Extended.EXPONENT_MASK,
                    bSig);
        }
        return addSpecial(fp, aSig, aSe, bSig, bSe, signChange);
    }

    private static boolean addSpecial(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe, int signChange) {
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, aClass, aSig, aSe, bClass, bSig, bSe);
        }
        int aSign = aSe & Extended.SIGN;
        int bSign = (bSe ^ signChange) & Extended.SIGN;
        if ((aClass & bClass & Extended.INFINITY) != 0 && aSign != bSign) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        if ((classes & Extended.INFINITY) != 0) {
            return fp.set(
                    Extended.INFINITY_SIGNIFICAND,
                    (aClass == Extended.INFINITY ? aSign : bSign) | Extended.EXPONENT_MASK);
        }
        if (classes == Extended.ZERO) {
            return fp.set(0, aSign == bSign ? aSign : zeroSign(fp));
        }
        int aShift = Long.numberOfLeadingZeros(aSig);
        int bShift = Long.numberOfLeadingZeros(bSig);
        int aExponent = Extended.effectiveExponent(aSe) - aShift;
        int bExponent = Extended.effectiveExponent(bSe) - bShift;
        if (aClass == Extended.ZERO) {
            return fp.round(bSign, bExponent, bSig << bShift, 0);
        }
        if (bClass == Extended.ZERO) {
            return fp.round(aSign, aExponent, aSig << aShift, 0);
        }
        return addNormalized(fp, aSign, aExponent, aSig << aShift, bSign, bExponent, bSig << bShift);
    }

    /** The sign of an exact zero sum of operands that differ in sign (SDM volume 1, 4.8.3.1). */
    private static int zeroSign(X87Arithmetic fp) {
        return (fp.control & ControlWord.ROUNDING) == ControlWord.ROUND_DOWN ? Extended.SIGN : 0;
    }

    private static boolean addNormalized(
            X87Arithmetic fp, int aSign, int aExponent, long aSig, int bSign, int bExponent, long bSig) {
        int distance = aExponent - bExponent;
        if (distance < 0 || (distance == 0 && Long.compareUnsigned(aSig, bSig) < 0)) {
            return aSign == bSign
                    ? addMagnitudes(fp, bSign, bExponent, bSig, aSig, -distance)
                    : subtractMagnitudes(fp, bSign, bExponent, bSig, aSig, -distance);
        }
        return aSign == bSign
                ? addMagnitudes(fp, aSign, aExponent, aSig, bSig, distance)
                : subtractMagnitudes(fp, aSign, aExponent, aSig, bSig, distance);
    }

    private static boolean addMagnitudes(
            X87Arithmetic fp, int sign, int exponent, long large, long small, int distance) {
        long low = alignedLow(small, distance);
        long high = large + (distance < 64 ? small >>> distance : 0);
        // The larger has its integer bit set, so a carry out of the sum leaves a smaller unsigned number.
        if (Long.compareUnsigned(high, large) < 0) {
            low = (high << 63) | (low >>> 1) | (low & 1);
            return fp.round(sign, exponent + 1, (high >>> 1) | Extended.INTEGER_BIT, low);
        }
        return fp.round(sign, exponent, high, low);
    }

    private static boolean subtractMagnitudes(
            X87Arithmetic fp, int sign, int exponent, long large, long small, int distance) {
        long low = alignedLow(small, distance);
        long high = large - (distance < 64 ? small >>> distance : 0) - (low != 0 ? 1 : 0);
        low = -low;
        if (high < 0) {
            return fp.round(sign, exponent, high, low);
        }
        if (high == 0) {
            if (low == 0) {
                return fp.set(0, zeroSign(fp));
            }
            int shift = Long.numberOfLeadingZeros(low);
            return fp.round(sign, exponent - 64 - shift, low << shift, 0);
        }
        int shift = Long.numberOfLeadingZeros(high);
        return fp.round(sign, exponent - shift, (high << shift) | (low >>> -shift), low << shift);
    }

    /** The bits that aligning shifts out of the high word, with a sticky last one. */
    private static long alignedLow(long significand, int distance) {
        if (distance < 64) {
            return distance == 0 ? 0 : significand << -distance;
        }
        if (distance == 64) {
            return significand;
        }
        if (distance < 128) {
            return (significand >>> (distance - 64)) | (significand << -distance != 0 ? 1 : 0);
        }
        return 1;
    }
}
