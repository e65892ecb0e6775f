package portcullis.soft.fp.x87;

/** FSIN, FCOS, FSINCOS and FPTAN. */
final class Trigonometry {
    /** sin(r) / r = 1 - r^2 / 3! + r^4 / 5! - ..., for |r| up to pi / 4. */
    private static final Series SINE = new Series(18, true, k -> Series.inverseFactorial(2 * k + 1));
    /** cos(r) = 1 - r^2 / 2! + r^4 / 4! - ... */
    private static final Series COSINE = new Series(19, true, k -> Series.inverseFactorial(2 * k));

    // pi / 2 as processors have it, 66 bits (SDM volume 1, 8.3.8), in units of 2^-65.
    private static final long HALF_PI_HIGH = 3;
    private static final long HALF_PI_LOW = 0x243f_6a88_85a3_08d3L;
    /** Half of it, less 2^64 units. */
    private static final long QUARTER_PI_LOW = 0x921f_b544_42d1_8469L;
    /** The significand of pi / 4, whose exponent is -1. */
    private static final long QUARTER_PI_SIGNIFICAND = 0xc90f_daa2_2168_c235L;

    /** 2 / pi as a fraction of 64 bits: only to find the nearest multiple, which is put right afterwards. */
    private static final long TWO_OVER_PI = 0xa2f9_836e_4e44_152aL;

    /** The exponent from which on arguments are out of range. */
    private static final int RANGE = 63;

    private Trigonometry() {}

    static boolean sine(X87Arithmetic fp, long sig, int se) {
        return sineOrCosine(fp, 0, sig, se);
    }

    static boolean cosine(X87Arithmetic fp, long sig, int se) {
        return sineOrCosine(fp, 1, sig, se);
    }

    /** sin(x + quarters * pi / 2). */
    private static boolean sineOrCosine(X87Arithmetic fp, int quarters, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        if (operandClass == Extended.ZERO) {
            return quarters == 0 ? fp.set(0, se) : fp.set(Extended.INTEGER_BIT, Extended.BIAS);
        }
        if (!usable(fp, operandClass, sig, se)) {
            return finishSpecial(fp, operandClass, sig, se);
        }
        int quadrant = reduce(fp, sig, se) + quarters;
        kernel(fp, quadrant, fp.wideC);
        return fp.roundInexact(fp.wideC);
    }

    /** The sine as the result and the cosine, which is to be pushed, as the second one. */
    static boolean sineAndCosine(X87Arithmetic fp, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        if (operandClass == Extended.ZERO) {
            return fp.set(0, se) && fp.setSecond(Extended.INTEGER_BIT, Extended.BIAS);
        }
        if (!usable(fp, operandClass, sig, se)) {
            return finishSpecial(fp, operandClass, sig, se) && fp.setSecond(fp.significand, fp.signExponent);
        }
        int quadrant = reduce(fp, sig, se);
        kernel(fp, quadrant + 1, fp.wideC);
        kernel(fp, quadrant, fp.wideD);
        fp.roundInexact(fp.wideC);
        fp.setSecond(fp.significand, fp.signExponent);
        // C1 tells of the sine.
        fp.flags &= ~StatusWord.C1;
        return fp.roundInexact(fp.wideD);
    }

    /** The tangent as the result and 1, which is to be pushed, as the second one. */
    static boolean tangent(X87Arithmetic fp, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        if (operandClass == Extended.ZERO) {
            return fp.set(0, se) && fp.setSecond(Extended.INTEGER_BIT, Extended.BIAS);
        }
        if (!usable(fp, operandClass, sig, se)) {
            return finishSpecial(fp, operandClass, sig, se) && fp.setSecond(fp.significand, fp.signExponent);
        }
        int quadrant = reduce(fp, sig, se);
        boolean tiny = fp.wideA.exponent < -60;
        if (tiny && (quadrant & 1) == 0) {
            // Above x by less than the wide numbers show, which directed rounding must see all the same.
            fp.wideC.set(fp.wideA);
        } else {
            kernel(fp, quadrant, fp.wideC);
            kernel(fp, quadrant + 1, fp.wideD);
            if (tiny) {
                // The cosine alone keeps the quotient below 1 / x.
                boolean negative = fp.wideD.negative;
                fp.wideD.set(fp.wideA);
                fp.wideD.negative = negative;
            }
            fp.wideC.divide(fp.wideC, fp.wideD);
        }
        return fp.roundInexact(fp.wideC) && fp.setSecond(Extended.INTEGER_BIT, Extended.BIAS);
    }

    /** Whether there is a finite argument in range to work on; raises #D. */
    private static boolean usable(X87Arithmetic fp, int operandClass, long sig, int se) {
        return switch (operandClass) {
            case Extended.NORMAL -> (se & Extended.EXPONENT_MASK) < Extended.BIAS + RANGE;
            case Extended.DENORMAL -> fp.denormalOperand();
            default -> false;
        };
    }

    /** What {@link #usable} refused. C2 means that operand and stack stay as they are. */
    private static boolean finishSpecial(X87Arithmetic fp, int operandClass, long sig, int se) {
        return switch (operandClass) {
            case Extended.NORMAL -> {
                fp.flags |= StatusWord.C2;
                yield false;
            }
            case Extended.DENORMAL -> false;
            case Extended.INFINITY -> fp.invalid();
            default -> Operands.propagate(fp, operandClass, sig, se);
        };
    }

    /** wideA = what is left of x after its nearest multiple of pi / 2, wideB = its square. Returns the multiple, modulo 4. */
    private static int reduce(X87Arithmetic fp, long sig, int se) {
        Wide rest = fp.wideA;
        int exponent = (se & Extended.EXPONENT_MASK) - Extended.BIAS;
        boolean negative = (se & Extended.SIGN) != 0;
        int quadrant = 0;
        if (exponent < -1 || (exponent == -1 && Long.compareUnsigned(sig, QUARTER_PI_SIGNIFICAND) < 0)) {
            rest.setExtended(sig, se);
        } else {
            quadrant = reduceLarge(rest, sig, exponent, negative);
        }
        fp.wideB.multiply(rest, rest);
        return quadrant;
    }

    private static int reduceLarge(Wide rest, long sig, int exponent, boolean negative) {
        // x in units of 2^-65, and the multiple nearest to it or one next to that.
        int places = exponent + 2;
        long high = places == 64 ? sig : sig >>> (64 - places);
        long low = places == 64 ? 0 : sig << places;
        long multiple = ((Math.unsignedMultiplyHigh(sig, TWO_OVER_PI) >>> (62 - exponent)) + 1) >>> 1;
        // All modulo 2^128: what is left is small.
        long productLow = multiple * HALF_PI_LOW;
        long productHigh = Math.unsignedMultiplyHigh(multiple, HALF_PI_LOW) + multiple * HALF_PI_HIGH;
        high = high - productHigh - (Long.compareUnsigned(low, productLow) < 0 ? 1 : 0);
        low -= productLow;
        // Outside of -pi/4 to pi/4 the neighbour is nearer.
        while (high > 1 || (high == 1 && Long.compareUnsigned(low, QUARTER_PI_LOW) > 0)) {
            high = high - HALF_PI_HIGH - (Long.compareUnsigned(low, HALF_PI_LOW) < 0 ? 1 : 0);
            low -= HALF_PI_LOW;
            multiple++;
        }
        while (high < -2 || (high == -2 && Long.compareUnsigned(low, -QUARTER_PI_LOW) < 0)) {
            low += HALF_PI_LOW;
            high = high + HALF_PI_HIGH + (Long.compareUnsigned(low, HALF_PI_LOW) < 0 ? 1 : 0);
            multiple--;
        }
        boolean below = high < 0;
        if (below) {
            high = ~high + (low == 0 ? 1 : 0);
            low = -low;
        }
        rest.setFixed(below ^ negative, 62, high, low);
        // sin(-x) = -sin(x): the multiple of a negative x is negative too.
        return (int) (negative ? -multiple : multiple) & 3;
    }

    /** result = sin(wideA + quadrant * pi / 2). */
    private static void kernel(X87Arithmetic fp, int quadrant, Wide result) {
        Wide square = fp.wideB;
        if ((quadrant & 1) == 0) {
            SINE.evaluate(result, square.fractionHigh(), square.fractionLow());
            result.multiply(result, fp.wideA);
        } else {
            COSINE.evaluate(result, square.fractionHigh(), square.fractionLow());
        }
        if ((quadrant & 2) != 0) {
            result.negative = !result.negative;
        }
    }
}
