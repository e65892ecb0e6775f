package portcullis.soft.fp.x87;

/** FSQRT. */
final class SquareRoot {
    private static final double TWO_TO_32 = 0x1p32;
    private static final double TWO_TO_64 = 0x1p64;

    private SquareRoot() {}

    static boolean squareRoot(X87Arithmetic fp, long significand, int signExponent) {
        long normalized = significand;
        int exponent = signExponent;
        if (!Extended.isNormal(significand, signExponent) || signExponent >= Extended.SIGN) {
            int operandClass = Extended.classify(significand, signExponent);
            if ((operandClass & Extended.NAN_OR_UNSUPPORTED) != 0) {
                return Operands.propagate(fp, operandClass, significand, signExponent);
            }
            if (operandClass == Extended.ZERO) {
                return fp.set(0, signExponent);
            }
            if ((signExponent & Extended.SIGN) != 0) {
                return fp.invalid();
            }
            if (operandClass == Extended.INFINITY) {
                return fp.set(significand, signExponent);
            }
            if (!fp.denormalOperand()) {
                return false;
            }
            int shift = Long.numberOfLeadingZeros(significand);
            normalized = significand << shift;
            exponent = 1 - shift;
        }
        int unbiased = exponent - Extended.BIAS;
        // The radicand, high:low, is a number of 127 or 128 bits with an even exponent.
        boolean odd = (unbiased & 1) != 0;
        long high = odd ? normalized : normalized >>> 1;
        long low = odd ? 0 : normalized << 63;
        long root = integerRoot(high, low);
        long squareHigh = Math.unsignedMultiplyHigh(root, root);
        long squareLow = root * root;
        long remainder = low - squareLow;
        // The remainder is at most twice the root: 65 bits.
        long remainderHigh = high - squareHigh - (Long.compareUnsigned(low, squareLow) < 0 ? 1 : 0);
        int resultExponent = (unbiased >> 1) + Extended.BIAS;
        if ((remainder | remainderHigh) == 0) {
            return fp.round(0, resultExponent, root, 0);
        }
        // (root + 1/2)^2 = root^2 + root + 1/4: a remainder above the root means more than half. It is never a half.
        boolean aboveHalf = remainderHigh != 0 || Long.compareUnsigned(remainder, root) > 0;
        return fp.round(0, resultExponent, root, aboveHalf ? (1L << 63) | 1 : 1);
    }

    /** The whole part of the square root of a number with bit 126 or 127 set: 64 bits, the top one set. */
    private static long integerRoot(long high, long low) {
        double approximateRoot = Math.sqrt(unsignedDouble(high)) * TWO_TO_32;
        long root = approximateRoot >= TWO_TO_64 ? -1L : unsignedLong(approximateRoot);
        // One Newton step takes the 50 good bits beyond 64; what it leaves wrong is the last place.
        long squareHigh = Math.unsignedMultiplyHigh(root, root);
        long squareLow = root * root;
        long restLow = low - squareLow;
        long restHigh = high - squareHigh - (Long.compareUnsigned(low, squareLow) < 0 ? 1 : 0);
        double rest = restHigh * TWO_TO_64 + unsignedDouble(restLow);
        long correction = (long) (rest / (2 * unsignedDouble(root)));
        long corrected = root + correction;
        if (corrected >= 0) {
            // Overshot over the top of the word, where the root is all ones.
            corrected = -1L;
        }
        while (exceeds(corrected, high, low)) {
            corrected--;
        }
        while (corrected != -1L && !exceeds(corrected + 1, high, low)) {
            corrected++;
        }
        return corrected;
    }

    private static boolean exceeds(long root, long high, long low) {
        int order = Long.compareUnsigned(Math.unsignedMultiplyHigh(root, root), high);
        return order > 0 || (order == 0 && Long.compareUnsigned(root * root, low) > 0);
    }

    private static double unsignedDouble(long value) {
        return value >= 0 ? value : (value >>> 1) * 2.0 + (value & 1);
    }

    private static long unsignedLong(double value) {
        return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) + Long.MIN_VALUE;
    }
}
