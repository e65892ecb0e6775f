package portcullis.soft.fp.x87;

/**
 * Rounds an exact or nearly exact result into the extended format, with overflow and underflow, masked or not (SDM volume
 * 1, 4.9.1.4 to 4.9.1.6 and 8.5.4 to 8.5.6).
 *
 * <p>A value to be rounded is sign, biased exponent without bounds, and a significand of 128 bits, {@code high} with its
 * integer bit set and {@code low} below it. The last bit of {@code low} is sticky: set where the true value has more.
 */
final class Rounding {
    /** What an unmasked overflow subtracts from the exponent and an unmasked underflow adds (SDM volume 1, 8.5.4). */
    static final int BIAS_ADJUSTMENT = 24576;

    private Rounding() {}

    /** Whether rounding moves a value away from zero. */
    static boolean increments(int control, boolean negative, boolean odd, boolean half, boolean sticky) {
        return switch (control & ControlWord.ROUNDING) {
            case ControlWord.ROUND_NEAREST -> half && (sticky || odd);
            case ControlWord.ROUND_DOWN -> negative && (half || sticky);
            case ControlWord.ROUND_UP -> !negative && (half || sticky);
            default -> false;
        };
    }

    /** Rounds to the extended format's full precision, whatever precision control says. */
    static boolean toExtended(X87Arithmetic fp, int sign, int exponent, long high, long low) {
        if (exponent > 0 && exponent < Extended.EXPONENT_MASK && low == 0) {
            return fp.set(high, sign | exponent);
        }
        return toPrecision(fp, 64, sign, exponent, high, low);
    }

    /** Rounds to {@code bits} of significand: 24, 53 or 64. Stores in every case: overflow and underflow always have a result. */
    static boolean toPrecision(X87Arithmetic fp, int bits, int sign, int exponent, long high, long low) {
        // The significand's last place, as a bit of high: 0 stands for the carry out of the whole word at 64 bits.
        long unit = 1L << (64 - bits);
        long below = high & (unit - 1);
        boolean inexact = (below | low) != 0;
        long rounded = high - below;
        int roundedExponent = exponent;
        boolean up = inexact
                && increments(
                        fp.control, sign != 0, (high & unit) != 0, half(bits, high, low), sticky(bits, high, low));
        if (up) {
            rounded += unit;
            if (rounded == 0) {
                rounded = Extended.INTEGER_BIT;
                roundedExponent++;
            }
        }
        if (roundedExponent <= 0) {
            // Tiny after rounding, as if the exponent had no bounds.
            return underflow(fp, bits, sign, exponent, high, low, rounded, roundedExponent, inexact, up);
        }
        if (roundedExponent >= Extended.EXPONENT_MASK) {
            return overflow(fp, bits, sign, rounded, roundedExponent, inexact, up);
        }
        if (inexact) {
            fp.flags |= up ? StatusWord.PRECISION | StatusWord.C1 : StatusWord.PRECISION;
        }
        return fp.set(rounded, sign | roundedExponent);
    }

    private static boolean half(int bits, long high, long low) {
        return bits == 64 ? low < 0 : (high & (1L << (63 - bits))) != 0;
    }

    private static boolean sticky(int bits, long high, long low) {
        return bits == 64 ? (low << 1) != 0 : ((high & ((1L << (63 - bits)) - 1)) | low) != 0;
    }

    private static boolean overflow(
            X87Arithmetic fp, int bits, int sign, long rounded, int exponent, boolean inexact, boolean up) {
        fp.flags |= StatusWord.OVERFLOW;
        boolean unmasked = (fp.control & StatusWord.OVERFLOW) == 0;
        int adjusted = exponent - BIAS_ADJUSTMENT;
        if (unmasked && adjusted < Extended.EXPONENT_MASK) {
            if (inexact) {
                fp.flags |= up ? StatusWord.PRECISION | StatusWord.C1 : StatusWord.PRECISION;
            }
            return fp.set(rounded, sign | adjusted);
        }
        fp.flags |= StatusWord.PRECISION;
        // Beyond even the adjusted exponent (FSCALE) the result is an infinity in every rounding mode.
        if (unmasked || increments(fp.control, sign != 0, true, true, true)) {
            fp.flags |= StatusWord.C1;
            return fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        return fp.set(-1L << (64 - bits), sign | (Extended.EXPONENT_MASK - 1));
    }

    private static boolean underflow(
            X87Arithmetic fp,
            int bits,
            int sign,
            int exponent,
            long high,
            long low,
            long rounded,
            int roundedExponent,
            boolean inexact,
            boolean up) {
        int adjusted = roundedExponent + BIAS_ADJUSTMENT;
        if ((fp.control & StatusWord.UNDERFLOW) == 0) {
            fp.flags |= StatusWord.UNDERFLOW;
            if (adjusted > 0) {
                if (inexact) {
                    fp.flags |= up ? StatusWord.PRECISION | StatusWord.C1 : StatusWord.PRECISION;
                }
                return fp.set(rounded, sign | adjusted);
            }
            // Below even the adjusted exponent (FSCALE) the result is a zero in every rounding mode.
            fp.flags |= StatusWord.PRECISION;
            return fp.set(0, sign);
        }
        // Masked: denormalise, then round at the same place.
        int shift = 1 - exponent;
        long denormalHigh;
        long denormalLow;
        if (shift < 64) {
            denormalHigh = high >>> shift;
            denormalLow = (high << (64 - shift)) | (low >>> shift) | (low << (64 - shift) != 0 ? 1 : 0);
        } else {
            denormalHigh = 0;
            denormalLow = shift == 64 ? high | (low != 0 ? 1 : 0) : shift < 128 ? (high >>> (shift - 64)) | 1 : 1;
        }
        long unit = 1L << (64 - bits);
        long below = denormalHigh & (unit - 1);
        if ((below | denormalLow) == 0) {
            return fp.set(denormalHigh, sign);
        }
        fp.flags |= StatusWord.UNDERFLOW | StatusWord.PRECISION;
        long result = denormalHigh - below;
        boolean odd = (denormalHigh & unit) != 0;
        if (increments(
                fp.control,
                sign != 0,
                odd,
                half(bits, denormalHigh, denormalLow),
                sticky(bits, denormalHigh, denormalLow))) {
            fp.flags |= StatusWord.C1;
            result += unit;
        }
        // A carry into the integer bit makes the smallest normal number.
        return fp.set(result, result < 0 ? sign | 1 : sign);
    }
}
