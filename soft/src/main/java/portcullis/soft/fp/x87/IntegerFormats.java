package portcullis.soft.fp.x87;

/** FILD, FIST, FISTP and FISTTP: two's complement integers of 16, 32 and 64 bits. */
final class IntegerFormats {
    private IntegerFormats() {}

    /** Loads an integer; always exact. */
    static void load(X87Arithmetic fp, long value) {
        if (value == 0) {
            fp.set(0, 0);
            return;
        }
        long magnitude = Math.abs(value);
        int shift = Long.numberOfLeadingZeros(magnitude);
        fp.set(magnitude << shift, (value < 0 ? Extended.SIGN : 0) | (Extended.BIAS + 63 - shift));
    }

    /**
     * Rounds to an integer of {@code bits} bits into {@code fp.memory}; by {@code control}'s rounding mode. Returns whether to store.
     */
    static boolean store(X87Arithmetic fp, int control, int bits, long sig, int se) {
        long indefinite = -1L << (bits - 1);
        int operandClass = Extended.classify(sig, se);
        if (operandClass == Extended.ZERO) {
            fp.memory = 0;
            return true;
        }
        boolean negative = (se & Extended.SIGN) != 0;
        int exponent = (se & Extended.EXPONENT_MASK) - Extended.BIAS;
        if ((operandClass & (Extended.NAN_OR_UNSUPPORTED | Extended.INFINITY)) != 0 || exponent > 63) {
            fp.memory = indefinite;
            return fp.raiseInvalid();
        }
        long magnitude = whole(sig, exponent);
        long fraction = fraction(sig, exponent);
        boolean up = false;
        if (fraction != 0) {
            up = Rounding.increments(control, negative, (magnitude & 1) != 0, fraction < 0, (fraction << 1) != 0);
            if (up) {
                magnitude++;
            }
        }
        // At most 2^(bits - 1), negated, or one less; a magnitude with bit 63 set is 2^63 or does not fit.
        long limit = negative ? -indefinite : -indefinite - 1;
        if (Long.compareUnsigned(magnitude, limit) > 0 || (up && magnitude == 0)) {
            fp.memory = indefinite;
            return fp.raiseInvalid();
        }
        if (fraction != 0) {
            fp.flags |= up ? StatusWord.PRECISION | StatusWord.C1 : StatusWord.PRECISION;
        }
        fp.memory = negative ? -magnitude : magnitude;
        return true;
    }

    /** The whole part of a magnitude below 2^64. */
    static long whole(long significand, int exponent) {
        return exponent < 0 ? 0 : significand >>> (63 - exponent);
    }

    /** The fraction of a magnitude below 2^64, as a binary fraction of 64 bits, the last one sticky. */
    static long fraction(long significand, int exponent) {
        if (exponent >= 0) {
            return exponent == 63 ? 0 : significand << (exponent + 1);
        }
        if (exponent == -1) {
            return significand;
        }
        return exponent > -64 ? (significand >>> (-1 - exponent)) | 1 : 1;
    }
}
