package portcullis.soft.fp.x87;

/** FLD, FST and FSTP of single and double precision, and memory operands of these formats. */
final class BinaryFormats {
    private static final int SINGLE_BIAS = 127;
    private static final int DOUBLE_BIAS = 1023;

    private BinaryFormats() {}

    /**
     * Widens a single-precision number without looking at what it is: SNaNs stay signaling and denormals become normal. Returns the
     * operand's class, in which a denormal still counts as one.
     */
    static int widenSingle(X87Arithmetic fp, int bits) {
        return widen(
                fp,
                (bits >>> 16) & Extended.SIGN,
                (bits >>> 23) & 0xff,
                0xff,
                SINGLE_BIAS,
                (long) (bits & 0x7f_ffff) << 40);
    }

    /** As {@link #widenSingle}, of double precision. */
    static int widenDouble(X87Arithmetic fp, long bits) {
        return widen(
                fp,
                (int) (bits >>> 48) & Extended.SIGN,
                (int) (bits >>> 52) & 0x7ff,
                0x7ff,
                DOUBLE_BIAS,
                (bits & 0xf_ffff_ffff_ffffL) << 11);
    }

    private static int widen(X87Arithmetic fp, int sign, int exponent, int maximum, int bias, long fraction) {
        if (exponent != 0 && exponent != maximum) {
            fp.set(Extended.INTEGER_BIT | fraction, sign | (exponent - bias + Extended.BIAS));
            return Extended.NORMAL;
        }
        if (exponent == maximum) {
            fp.set(Extended.INTEGER_BIT | fraction, sign | Extended.EXPONENT_MASK);
            return Extended.classify(fp.significand, fp.signExponent);
        }
        if (fraction == 0) {
            fp.set(0, sign);
            return Extended.ZERO;
        }
        int shift = Long.numberOfLeadingZeros(fraction);
        fp.set(fraction << shift, sign | (1 - shift - bias + Extended.BIAS));
        return Extended.DENORMAL;
    }

    /**
     * What loading does with the class of a widened number: quiets SNaNs and raises. Returns whether to push: a denormal is pushed
     * even where #D is unmasked, as processors do.
     */
    static boolean load(X87Arithmetic fp, int operandClass) {
        if (operandClass == Extended.SIGNALING_NAN) {
            return fp.raiseInvalid() && fp.set(fp.significand | Extended.QUIET_BIT, fp.signExponent);
        }
        if (operandClass == Extended.DENORMAL) {
            fp.flags |= StatusWord.DENORMAL;
        }
        return true;
    }

    /** Rounds to single precision into {@code fp.memory}; returns whether to store. */
    static boolean storeSingle(X87Arithmetic fp, long sig, int se) {
        return store(fp, 23, 0xff, SINGLE_BIAS, sig, se);
    }

    /** Rounds to double precision into {@code fp.memory}; returns whether to store. */
    static boolean storeDouble(X87Arithmetic fp, long sig, int se) {
        return store(fp, 52, 0x7ff, DOUBLE_BIAS, sig, se);
    }

    private static boolean store(X87Arithmetic fp, int fractionBits, int maximum, int bias, long sig, int se) {
        long sign = (se & Extended.SIGN) != 0 ? (maximum + 1L) << fractionBits : 0;
        long infinity = (long) maximum << fractionBits;
        int operandClass = Extended.classify(sig, se);
        switch (operandClass) {
            case Extended.NORMAL -> {
                int exponent = (se & Extended.EXPONENT_MASK) - Extended.BIAS + bias;
                return storeNormal(fp, fractionBits, maximum, sign, exponent, sig);
            }
            case Extended.ZERO -> fp.memory = sign;
            case Extended.INFINITY -> fp.memory = sign | infinity;
            case Extended.DENORMAL -> {
                // Far below either format's range; #D is not raised by stores (SDM volume 1, 8.5.2).
                return storeNormal(fp, fractionBits, maximum, sign, -bias, Extended.INTEGER_BIT);
            }
            case Extended.UNSUPPORTED -> {
                fp.memory = (maximum + 1L) << fractionBits | infinity | 1L << (fractionBits - 1);
                return fp.raiseInvalid();
            }
            default -> {
                fp.memory = sign | infinity | 1L << (fractionBits - 1) | (sig & Long.MAX_VALUE) >>> (63 - fractionBits);
                return operandClass == Extended.QUIET_NAN || fp.raiseInvalid();
            }
        }
        return true;
    }

    private static boolean storeNormal(
            X87Arithmetic fp, int fractionBits, int maximum, long sign, int exponent, long sig) {
        if (exponent < 0) {
            return storeTiny(fp, fractionBits, sign, exponent, sig);
        }
        if (exponent >= maximum) {
            return storeHuge(fp, fractionBits, maximum, sign);
        }
        boolean negative = sign != 0;
        int dropped = 63 - fractionBits;
        long unit = 1L << dropped;
        long below = sig & (unit - 1);
        boolean up = Rounding.increments(
                fp.control,
                negative,
                (sig & unit) != 0,
                (below & (unit >>> 1)) != 0,
                (below & ((unit >>> 1) - 1)) != 0);
        // Adding the significand with its integer bit carries into the exponent, as does rounding up to the next power
        // of 2.
        long packed = (((long) exponent - 1) << fractionBits) + (sig >>> dropped) + (up ? 1 : 0);
        if (packed < 1L << fractionBits) {
            return storeTiny(fp, fractionBits, sign, exponent, sig);
        }
        if (packed >= (long) maximum << fractionBits) {
            return storeHuge(fp, fractionBits, maximum, sign);
        }
        if (below != 0) {
            fp.flags |= up ? StatusWord.PRECISION | StatusWord.C1 : StatusWord.PRECISION;
        }
        fp.memory = sign | packed;
        return true;
    }

    private static boolean storeTiny(X87Arithmetic fp, int fractionBits, long sign, int exponent, long sig) {
        if ((fp.control & StatusWord.UNDERFLOW) == 0) {
            fp.flags |= StatusWord.UNDERFLOW;
            return false;
        }
        int dropped = 63 - fractionBits + 1 - exponent;
        // As a whole part and a binary fraction with its last bit sticky.
        long whole = dropped < 64 ? sig >>> dropped : 0;
        long fraction = dropped < 64 ? sig << -dropped : dropped == 64 ? sig : 1;
        if (fraction == 0) {
            fp.memory = sign | whole;
            return true;
        }
        fp.flags |= StatusWord.UNDERFLOW | StatusWord.PRECISION;
        if (Rounding.increments(fp.control, sign != 0, (whole & 1) != 0, fraction < 0, (fraction << 1) != 0)) {
            fp.flags |= StatusWord.C1;
            whole++;
        }
        fp.memory = sign | whole;
        return true;
    }

    private static boolean storeHuge(X87Arithmetic fp, int fractionBits, int maximum, long sign) {
        fp.flags |= StatusWord.OVERFLOW;
        if ((fp.control & StatusWord.OVERFLOW) == 0) {
            return false;
        }
        fp.flags |= StatusWord.PRECISION;
        long infinity = (long) maximum << fractionBits;
        if (Rounding.increments(fp.control, sign != 0, true, true, true)) {
            fp.flags |= StatusWord.C1;
            fp.memory = sign | infinity;
        } else {
            fp.memory = sign | (infinity - 1);
        }
        return true;
    }
}
