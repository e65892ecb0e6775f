package portcullis.soft.fp.x87;

import java.math.BigInteger;
import java.util.function.IntFunction;

/**
 * A power series c0 + c1 z + c2 z^2 + ... with 0 &lt;= z &lt; 1 and positive coefficients that fall, in fixed point of 128 bits, and
 * the constants behind it. Coefficients are worked out exactly when first used: a formula is easier to check than a table.
 */
final class Series {
    /** Places after the point in which constants are worked out, before they are cut to size. */
    private static final int SCALE = 256;

    static final BigInteger ONE = BigInteger.ONE.shiftLeft(SCALE);
    /** ln(2), scaled: the sum of 1 / (k 2^k). */
    static final BigInteger LN_2 = logarithmOf2();
    /** pi, scaled, by Machin's formula. */
    static final BigInteger PI = arctangent(1, 5)
            .multiply(BigInteger.valueOf(16))
            .subtract(arctangent(1, 239).multiply(BigInteger.valueOf(4)));

    /** Pairs of high and low word, one bit before the point and 127 after it. */
    private final long[] coefficients;

    private final boolean alternating;

    /**
     * @param alternating whether the signs of the terms do, beginning with plus
     * @param coefficient the magnitude of a coefficient, scaled
     */
    Series(int terms, boolean alternating, IntFunction<BigInteger> coefficient) {
        this.alternating = alternating;
        coefficients = new long[2 * terms];
        for (int i = 0; i < terms; i++) {
            BigInteger word = coefficient.apply(i).shiftRight(SCALE - 127);
            coefficients[2 * i] = word.shiftRight(64).longValue();
            coefficients[2 * i + 1] = word.longValue();
        }
    }

    /** Evaluates at a fraction of 128 bits that stands for a number that is not 0, even where it is too small for them. */
    void evaluate(Wide result, long zHigh, long zLow) {
        long[] c = coefficients;
        int terms = c.length / 2;
        int zeros = Long.numberOfLeadingZeros(zHigh);
        if (zeros > 2) {
            // Each term is that many bits smaller than the one before: more of them would not show.
            terms = Math.min(terms, 128 / zeros + 2);
        }
        long high = c[2 * terms - 2];
        long low = c[2 * terms - 1];
        for (int i = 2 * terms - 4; i >= 0; i -= 2) {
            // The term that was, times z, cut off to 128 bits.
            long first = Math.unsignedMultiplyHigh(high, zLow);
            long productLow = high * zHigh;
            long productHigh = Math.unsignedMultiplyHigh(high, zHigh);
            long sum = productLow + first;
            if (Long.compareUnsigned(sum, first) < 0) {
                productHigh++;
            }
            long second = Math.unsignedMultiplyHigh(low, zHigh);
            sum += second;
            if (Long.compareUnsigned(sum, second) < 0) {
                productHigh++;
            }
            if (i == 0 && (sum | productHigh) == 0) {
                // Never exactly c0: directed rounding needs to see on which side of it the sum lies.
                sum = 1;
            }
            if (alternating) {
                high = c[i] - productHigh - (Long.compareUnsigned(c[i + 1], sum) < 0 ? 1 : 0);
                low = c[i + 1] - sum;
            } else {
                low = c[i + 1] + sum;
                high = c[i] + productHigh + (Long.compareUnsigned(low, sum) < 0 ? 1 : 0);
            }
        }
        result.setFixed(false, 0, high, low);
    }

    /** A scaled positive constant, cut to a wide number. */
    static Wide wide(BigInteger scaled) {
        Wide result = new Wide();
        int length = scaled.bitLength();
        BigInteger significand = length >= 128 ? scaled.shiftRight(length - 128) : scaled.shiftLeft(128 - length);
        result.set(false, length - 1 - SCALE, significand.shiftRight(64).longValue(), significand.longValue());
        return result;
    }

    /** atan(numerator / denominator), scaled, of a positive number not above 1. */
    static BigInteger arctangent(int numerator, int denominator) {
        if (numerator == denominator) {
            return PI.shiftRight(2);
        }
        BigInteger n = BigInteger.valueOf(numerator);
        BigInteger d = BigInteger.valueOf(denominator);
        BigInteger power = ONE.multiply(n).divide(d);
        BigInteger sum = BigInteger.ZERO;
        for (int k = 1; power.signum() != 0; k += 2) {
            BigInteger term = power.divide(BigInteger.valueOf(k));
            sum = (k & 2) == 0 ? sum.add(term) : sum.subtract(term);
            power = power.multiply(n).multiply(n).divide(d).divide(d);
        }
        return sum;
    }

    private static BigInteger logarithmOf2() {
        BigInteger sum = BigInteger.ZERO;
        for (int k = 1; k < SCALE; k++) {
            sum = sum.add(ONE.shiftRight(k).divide(BigInteger.valueOf(k)));
        }
        return sum;
    }

    /** 1 / n!, scaled. */
    static BigInteger inverseFactorial(int n) {
        BigInteger value = ONE;
        for (int i = 2; i <= n; i++) {
            value = value.divide(BigInteger.valueOf(i));
        }
        return value;
    }
}
