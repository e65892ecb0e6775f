package portcullis.soft.fp.x87;

/** FCOM, FUCOM, FTST and their relatives, and FXAM: results in the condition codes. */
final class Comparison {
    private static final int UNORDERED = StatusWord.C3 | StatusWord.C2 | StatusWord.C0;

    private Comparison() {}

    /**
     * Sets C3, C2 and C0 (SDM volume 1, table 8-6). The codes are set in every case; the value says whether the instruction may pop:
     * not after an unmasked exception.
     */
    static boolean compare(X87Arithmetic fp, boolean quiet, long aSig, int aSe, long bSig, int bSe) {
        int aClass = Extended.classify(aSig, aSe);
        int bClass = Extended.classify(bSig, bSe);
        int classes = aClass | bClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            fp.flags |= UNORDERED;
            return (quiet && (classes & Extended.INVALID) == 0) || fp.raiseInvalid();
        }
        fp.flags |= order(aSig, aSe, bSig, bSe, classes);
        return (classes & Extended.DENORMAL) == 0 || fp.denormalOperand();
    }

    private static int order(long aSig, int aSe, long bSig, int bSe, int classes) {
        if (classes == Extended.ZERO) {
            return StatusWord.C3;
        }
        if (((aSe ^ bSe) & Extended.SIGN) != 0) {
            return (aSe & Extended.SIGN) != 0 ? StatusWord.C0 : 0;
        }
        int order = Integer.compare(Extended.effectiveExponent(aSe), Extended.effectiveExponent(bSe));
        if (order == 0 || aSig == 0 || bSig == 0) {
            order = Long.compareUnsigned(aSig, bSig);
        }
        if (order == 0) {
            return StatusWord.C3;
        }
        return order < 0 ^ (aSe & Extended.SIGN) != 0 ? StatusWord.C0 : 0;
    }

    /** The condition codes of FXAM for a register that is not empty (SDM volume 2, table 3-42). */
    static int examine(long significand, int signExponent) {
        int codes = switch (Extended.classify(significand, signExponent)) {
            case Extended.UNSUPPORTED -> 0;
            case Extended.QUIET_NAN, Extended.SIGNALING_NAN -> StatusWord.C0;
            case Extended.NORMAL -> StatusWord.C2;
            case Extended.INFINITY -> StatusWord.C2 | StatusWord.C0;
            case Extended.ZERO -> StatusWord.C3;
            default -> StatusWord.C3 | StatusWord.C2;
        };
        return (signExponent & Extended.SIGN) != 0 ? codes | StatusWord.C1 : codes;
    }
}
