package portcullis.soft.fp.x87;

/** FMUL. */
final class Multiplication {
    private Multiplication() {}

    static boolean multiply(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe) {
        int sign = (aSe ^ bSe) & Extended.SIGN;
        if (Extended.isNormal(aSig, aSe) && Extended.isNormal(bSig, bSe)) {
            return multiplyNormalized(
                    fp,
                    sign,
                    (aSe & Extended.EXPONENT_MASK) + (bSe & Extended.EXPONENT_MASK) - Extended.BIAS,
                    aSig,
                    bSig);
        }
        return multiplySpecial(fp, sign, aSig, aSe, bSig, bSe);
    }

    private static boolean multiplySpecial(X87Arithmetic fp, int sign, long aSig, int aSe, long bSig, int bSe) {
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, aClass, aSig, aSe, bClass, bSig, bSe);
        }
        if (classes == (Extended.ZERO | Extended.INFINITY)) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        if ((classes & Extended.INFINITY) != 0) {
            return fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        if ((classes & Extended.ZERO) != 0) {
            return fp.set(0, sign);
        }
        int aShift = Long.numberOfLeadingZeros(aSig);
        int bShift = Long.numberOfLeadingZeros(bSig);
        int exponent =
                Extended.effectiveExponent(aSe) - aShift + Extended.effectiveExponent(bSe) - bShift - Extended.BIAS;
        return multiplyNormalized(fp, sign, exponent, aSig << aShift, bSig << bShift);
    }

    private static boolean multiplyNormalized(X87Arithmetic fp, int sign, int exponent, long aSig, long bSig) {
        long high = Math.unsignedMultiplyHigh(aSig, bSig);
        long low = aSig * bSig;
        if (high < 0) {
            return fp.round(sign, exponent + 1, high, low);
        }
        return fp.round(sign, exponent, (high << 1) | (low >>> 63), low << 1);
    }
}
