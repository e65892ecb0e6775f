package portcullis.soft.fp.x87;

/** FSCALE, FXTRACT and FRNDINT: operations on exponent and integer part. */
final class Scaling {
    /** Moves any exponent beyond what even an adjusted one can hold. */
    private static final int LIMIT = 0x1_0000;

    private Scaling() {}

    /** a * 2^trunc(b). */
    static boolean scale(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe) {
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, aClass, aSig, aSe, bClass, bSig, bSe);
        }
        int sign = aSe & Extended.SIGN;
        boolean down = (bSe & Extended.SIGN) != 0;
        if (bClass == Extended.INFINITY && aClass == (down ? Extended.INFINITY : Extended.ZERO)) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        if (bClass == Extended.INFINITY) {
            return down ? fp.set(0, sign) : fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        if (aClass == Extended.ZERO || aClass == Extended.INFINITY) {
            return fp.set(aSig, aSe);
        }
        int places = wholePart(bSig, bSe);
        int shift = Long.numberOfLeadingZeros(aSig);
        int exponent = Extended.effectiveExponent(aSe) - shift + (down ? -places : places);
        return fp.roundExtended(sign, exponent, aSig << shift, 0);
    }

    /** The magnitude of b cut off to an integer, at most {@link #LIMIT}. */
    private static int wholePart(long significand, int signExponent) {
        int exponent = (signExponent & Extended.EXPONENT_MASK) - Extended.BIAS;
        if (exponent < 0) {
            return 0;
        }
        return exponent >= 16 ? LIMIT : (int) (significand >>> (63 - exponent));
    }

    /** Significand, which is pushed, into the second result; exponent into the first. */
    static boolean extract(X87Arithmetic fp, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        switch (operandClass) {
            case Extended.ZERO -> {
                return fp.zeroDivide(Extended.SIGN) && fp.setSecond(sig, se);
            }
            case Extended.INFINITY -> {
                return fp.set(Extended.INFINITY_SIGNIFICAND, Extended.EXPONENT_MASK) && fp.setSecond(sig, se);
            }
            case Extended.NORMAL, Extended.DENORMAL -> {
                if (operandClass == Extended.DENORMAL && !fp.denormalOperand()) {
                    return false;
                }
                int shift = Long.numberOfLeadingZeros(sig);
                IntegerFormats.load(fp, Extended.effectiveExponent(se) - shift - Extended.BIAS);
                return fp.setSecond(sig << shift, (se & Extended.SIGN) | Extended.BIAS);
            }
            default -> {
                return Operands.propagate(fp, operandClass, sig, se) && fp.setSecond(fp.significand, fp.signExponent);
            }
        }
    }

    /** Rounds to an integer by the control word's rounding mode, at full precision. */
    static boolean roundToInteger(X87Arithmetic fp, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        if ((operandClass & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, operandClass, sig, se);
        }
        if (operandClass == Extended.DENORMAL && !fp.denormalOperand()) {
            return false;
        }
        int sign = se & Extended.SIGN;
        int exponent = (se & Extended.EXPONENT_MASK) - Extended.BIAS;
        if (operandClass == Extended.ZERO || exponent >= 63) {
            return fp.set(sig, se);
        }
        long unit;
        long whole;
        boolean half;
        boolean sticky;
        if (exponent < 0) {
            // Less than 1: none of it is whole, and only from 1/2 on does its integer bit count as the half.
            unit = 0;
            whole = 0;
            half = exponent == -1;
            sticky = !half || sig != Extended.INTEGER_BIT;
        } else {
            unit = 1L << (63 - exponent);
            long fraction = sig & (unit - 1);
            if (fraction == 0) {
                return fp.set(sig, se);
            }
            whole = sig - fraction;
            half = (fraction & (unit >>> 1)) != 0;
            sticky = (fraction & ((unit >>> 1) - 1)) != 0;
        }
        fp.flags |= StatusWord.PRECISION;
        if (!Rounding.increments(fp.control, sign != 0, (whole & unit) != 0, half, sticky)) {
            return whole == 0 ? fp.set(0, sign) : fp.set(whole, se);
        }
        fp.flags |= StatusWord.C1;
        if (exponent < 0) {
            return fp.set(Extended.INTEGER_BIT, sign | Extended.BIAS);
        }
        long rounded = whole + unit;
        return rounded == 0 ? fp.set(Extended.INTEGER_BIT, se + 1) : fp.set(rounded, se);
    }
}
