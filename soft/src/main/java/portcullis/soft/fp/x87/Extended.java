package portcullis.soft.fp.x87;

/**
 * The double extended-precision format (SDM volume 1, 4.2.2 and 8.2): a 64-bit significand with an explicit integer bit,
 * and a 16-bit word of sign (bit 15) and biased exponent (bits 14:0). Values are two primitives everywhere.
 */
public final class Extended {
    public static final int SIGN = 0x8000;
    public static final int EXPONENT_MASK = 0x7fff;
    public static final int BIAS = 0x3fff;

    /** Bit 63: the integer bit, explicit in this format. */
    public static final long INTEGER_BIT = 1L << 63;
    /** Bit 62: set in quiet NaNs, clear in signaling ones. */
    public static final long QUIET_BIT = 1L << 62;

    public static final long INFINITY_SIGNIFICAND = INTEGER_BIT;
    /** The QNaN floating-point indefinite (SDM volume 1, 4.8.3.7). */
    public static final long INDEFINITE_SIGNIFICAND = INTEGER_BIT | QUIET_BIT;

    public static final int INDEFINITE_SIGN_EXPONENT = SIGN | EXPONENT_MASK;

    // Classes are bits, so that the classes of two operands can be tested together.
    public static final int ZERO = 1;
    public static final int NORMAL = 2;
    /** Denormals and pseudo-denormals. */
    public static final int DENORMAL = 4;

    public static final int INFINITY = 8;
    public static final int QUIET_NAN = 16;
    public static final int SIGNALING_NAN = 32;
    /** Pseudo-NaNs, pseudo-infinities and unnormals: invalid as operands of anything (SDM volume 1, 8.2.2). */
    public static final int UNSUPPORTED = 64;

    static final int NAN_OR_UNSUPPORTED = QUIET_NAN | SIGNALING_NAN | UNSUPPORTED;
    static final int INVALID = SIGNALING_NAN | UNSUPPORTED;

    private Extended() {}

    /** One of the class bits above. */
    public static int classify(long significand, int signExponent) {
        int exponent = signExponent & EXPONENT_MASK;
        if (exponent == 0) {
            return significand == 0 ? ZERO : DENORMAL;
        }
        if (significand >= 0) {
            return UNSUPPORTED;
        }
        if (exponent != EXPONENT_MASK) {
            return NORMAL;
        }
        if (significand == INFINITY_SIGNIFICAND) {
            return INFINITY;
        }
        return (significand & QUIET_BIT) != 0 ? QUIET_NAN : SIGNALING_NAN;
    }

    /** True for a normal number: the test that guards the fast paths. */
    static boolean isNormal(long significand, int signExponent) {
        // One unsigned comparison excludes the exponents 0 and 0x7fff.
        return significand < 0 && Integer.compareUnsigned((signExponent & EXPONENT_MASK) - 1, EXPONENT_MASK - 1) < 0;
    }

    /** The exponent that counts: denormals and pseudo-denormals have that of the smallest normals. */
    static int effectiveExponent(int signExponent) {
        int exponent = signExponent & EXPONENT_MASK;
        return exponent == 0 ? 1 : exponent;
    }
}
