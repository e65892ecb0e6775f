package portcullis.soft.fp.x87;

/** NaN and unsupported operands, which all operations treat alike (SDM volume 1, table 4-7 and 8.5.1.2). */
final class Operands {
    private Operands() {}

    /** The result of an operation with one operand that is a NaN or unsupported. */
    static boolean propagate(X87Arithmetic fp, int operandClass, long significand, int signExponent) {
        if ((operandClass & Extended.INVALID) != 0 && !fp.raiseInvalid()) {
            return false;
        }
        if (operandClass == Extended.UNSUPPORTED) {
            return fp.set(Extended.INDEFINITE_SIGNIFICAND, Extended.INDEFINITE_SIGN_EXPONENT);
        }
        return fp.set(significand | Extended.QUIET_BIT, signExponent);
    }

    /** The result of an operation with two operands, of which at least one is a NaN or unsupported. */
    static boolean propagate(X87Arithmetic fp, int aClass, long aSig, int aSe, int bClass, long bSig, int bSe) {
        int classes = aClass | bClass;
        if ((classes & Extended.INVALID) != 0 && !fp.raiseInvalid()) {
            return false;
        }
        if ((classes & Extended.UNSUPPORTED) != 0) {
            return fp.set(Extended.INDEFINITE_SIGNIFICAND, Extended.INDEFINITE_SIGN_EXPONENT);
        }
        int nan = Extended.QUIET_NAN | Extended.SIGNALING_NAN;
        boolean first;
        if ((aClass & nan) == 0) {
            first = false;
        } else if ((bClass & nan) == 0) {
            first = true;
        } else {
            // The larger significand wins; of equal ones that with a clear sign.
            int order = Long.compareUnsigned(aSig, bSig);
            first = order > 0 || (order == 0 && (aSe & Extended.SIGN) == 0);
        }
        return first ? fp.set(aSig | Extended.QUIET_BIT, aSe) : fp.set(bSig | Extended.QUIET_BIT, bSe);
    }
}
