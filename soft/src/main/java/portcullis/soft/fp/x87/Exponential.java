package portcullis.soft.fp.x87;

import java.math.BigInteger;

/** F2XM1: 2^x - 1 for -1 &lt;= x &lt;= 1. */
final class Exponential {
    /** (2^x - 1) / x = ln 2 + (ln 2)^2 x / 2! + (ln 2)^3 x^2 / 3! + ... */
    private static final Series POSITIVE = new Series(34, false, Exponential::coefficient);

    private static final Series NEGATIVE = new Series(34, true, Exponential::coefficient);

    private Exponential() {}

    private static BigInteger coefficient(int n) {
        BigInteger value = Series.ONE;
        for (int i = 1; i <= n + 1; i++) {
            value = value.multiply(Series.LN_2).divide(Series.ONE).divide(BigInteger.valueOf(i));
        }
        return value;
    }

    static boolean twoToXMinusOne(X87Arithmetic fp, long sig, int se) {
        int operandClass = Extended.classify(sig, se);
        int sign = se & Extended.SIGN;
        switch (operandClass) {
            case Extended.NORMAL -> {}
            case Extended.DENORMAL -> {
                if (!fp.denormalOperand()) {
                    return false;
                }
            }
            case Extended.ZERO -> {
                return fp.set(sig, se);
            }
            case Extended.INFINITY -> {
                return sign == 0 ? fp.set(sig, se) : fp.set(Extended.INTEGER_BIT, Extended.SIGN | Extended.BIAS);
            }
            default -> {
                return Operands.propagate(fp, operandClass, sig, se);
            }
        }
        int magnitude = Extended.effectiveExponent(se) - Extended.BIAS;
        if (magnitude >= 0) {
            return outermost(fp, sign, sig, se);
        }
        Wide x = fp.wideA;
        Wide sum = fp.wideB;
        x.setExtended(sig, se);
        (sign == 0 ? POSITIVE : NEGATIVE).evaluate(sum, x.fractionHigh(), x.fractionLow());
        sum.multiply(sum, x);
        return fp.roundInexact(sum);
    }

    /** Magnitudes of 1 and more. Beyond 1 the manual leaves the result undefined; processors give back the operand. */
    private static boolean outermost(X87Arithmetic fp, int sign, long sig, int se) {
        if (sig == Extended.INTEGER_BIT && (se & Extended.EXPONENT_MASK) == Extended.BIAS) {
            if (sign == 0) {
                // The algorithm of processors comes to 1 from below, and rounding shows it.
                return fp.roundExtended(0, Extended.BIAS - 1, -1L, -1L);
            }
            fp.flags |= StatusWord.PRECISION;
            return fp.set(Extended.INTEGER_BIT, Extended.SIGN | (Extended.BIAS - 1));
        }
        fp.flags |= StatusWord.PRECISION;
        return fp.set(sig, se);
    }
}
