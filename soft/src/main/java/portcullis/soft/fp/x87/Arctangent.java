package portcullis.soft.fp.x87;

import java.math.BigInteger;

/** FPATAN: the angle of the point (x, y), from -pi to pi. */
final class Arctangent {
    /** atan(t) / t = 1 - t^2 / 3 + t^4 / 5 - ..., for |t| up to 1/32. */
    private static final Series SERIES = new Series(15, true, k -> Series.ONE.divide(BigInteger.valueOf(2L * k + 1)));

    private static final int STEPS = 16;
    /** atan(k / 16). */
    private static final Wide[] TABLE = new Wide[STEPS + 1];

    private static final Wide PI = Series.wide(Series.PI);
    private static final Wide HALF_PI = Series.wide(Series.PI.shiftRight(1));
    private static final Wide QUARTER_PI = Series.wide(Series.PI.shiftRight(2));
    private static final Wide THREE_QUARTERS_PI =
            Series.wide(Series.PI.multiply(BigInteger.valueOf(3)).shiftRight(2));

    static {
        for (int k = 1; k <= STEPS; k++) {
            TABLE[k] = Series.wide(Series.arctangent(k, STEPS));
        }
    }

    private Arctangent() {}

    /** atan2(y, x), with x from ST(0) and y from ST(1). */
    static boolean arctangent(X87Arithmetic fp, long xSig, int xSe, long ySig, int ySe) {
        int xClass = Extended.classify(xSig, xSe);
        int yClass = Extended.classify(ySig, ySe);
        int classes = xClass | yClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, xClass, xSig, xSe, yClass, ySig, ySe);
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        int sign = ySe & Extended.SIGN;
        boolean left = (xSe & Extended.SIGN) != 0;
        if (yClass == Extended.INFINITY) {
            return angle(fp, sign, xClass != Extended.INFINITY ? HALF_PI : left ? THREE_QUARTERS_PI : QUARTER_PI);
        }
        if (yClass == Extended.ZERO || xClass == Extended.INFINITY) {
            return left ? angle(fp, sign, PI) : fp.set(0, sign);
        }
        if (xClass == Extended.ZERO) {
            return angle(fp, sign, HALF_PI);
        }
        Wide x = fp.wideA;
        Wide y = fp.wideB;
        x.setExtended(xSig, xSe & ~Extended.SIGN);
        y.setExtended(ySig, ySe & ~Extended.SIGN);
        boolean steep = y.exponent != x.exponent ? y.exponent > x.exponent : Long.compareUnsigned(y.high, x.high) > 0;
        Wide result = steep ? firstOctant(fp, x, y) : firstOctant(fp, y, x);
        if (steep) {
            result.negative = !result.negative;
            result.add(HALF_PI, result);
        }
        if (left) {
            result.negative = !result.negative;
            result.add(PI, result);
        }
        result.negative = sign != 0;
        return fp.roundInexact(result);
    }

    private static boolean angle(X87Arithmetic fp, int sign, Wide magnitude) {
        return fp.roundExtended(sign, magnitude.exponent + Extended.BIAS, magnitude.high, magnitude.low);
    }

    /** atan(n / d), n not above d, into one of the wide numbers. Both are lost. */
    private static Wide firstOctant(X87Arithmetic fp, Wide n, Wide d) {
        Wide ratio = fp.wideC;
        Wide sum = fp.wideD;
        int step = step(n, d);
        if (step == 0) {
            ratio.divide(n, d);
        } else {
            // atan(n / d) = atan(c) + atan((n - c d) / (d + c n)); numerator and denominator are exact.
            ratio.setInteger(step);
            ratio.exponent -= 4;
            sum.multiply(ratio, n);
            sum.add(sum, d);
            ratio.multiply(ratio, d);
            ratio.negative = true;
            ratio.add(n, ratio);
            if (ratio.isZero()) {
                ratio.set(TABLE[step]);
                return ratio;
            }
            ratio.divide(ratio, sum);
        }
        sum.multiply(ratio, ratio);
        SERIES.evaluate(sum, sum.fractionHigh(), sum.fractionLow());
        ratio.multiply(ratio, sum);
        if (step != 0) {
            ratio.add(TABLE[step], ratio);
        }
        return ratio;
    }

    /** n / d to the nearest sixteenth. */
    private static int step(Wide n, Wide d) {
        int distance = d.exponent - n.exponent;
        if (distance > 6) {
            return 0;
        }
        double quotient = (double) (n.high >>> 1) / (double) (d.high >>> 1);
        return (int) Math.round(quotient * STEPS / (1 << distance));
    }
}
