package portcullis.soft.fp.x87;

import java.math.BigInteger;

/** FYL2X: y log2(x), and FYL2XP1: y log2(x + 1). */
final class Logarithm {
    /** atanh(s) / s = 1 + s^2 / 3 + s^4 / 5 + ..., for |s| up to 0.172. */
    private static final Series SERIES = new Series(27, false, k -> Series.ONE.divide(BigInteger.valueOf(2L * k + 1)));
    /** log2(m) = 2 / ln(2) * atanh((m - 1) / (m + 1)). */
    private static final Wide FACTOR =
            Series.wide(Series.ONE.shiftLeft(1).multiply(Series.ONE).divide(Series.LN_2));

    private static final Wide ONE = Series.wide(Series.ONE);
    private static final Wide TWO = Series.wide(Series.ONE.shiftLeft(1));
    /** The high word of the square root of 2: where significands are halved so that logarithms stay small. */
    private static final long SQUARE_ROOT_OF_2 = 0xb504_f333_f9de_6484L;

    private Logarithm() {}

    /** y log2(x), with x from ST(0) and y from ST(1). */
    static boolean logarithm(X87Arithmetic fp, long xSig, int xSe, long ySig, int ySe) {
        int xClass = Extended.classify(xSig, xSe);
        int yClass = Extended.classify(ySig, ySe);
        int classes = xClass | yClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, xClass, xSig, xSe, yClass, ySig, ySe);
        }
        int ySign = ySe & Extended.SIGN;
        boolean one = xSig == Extended.INTEGER_BIT && xSe == Extended.BIAS;
        if (xClass == Extended.ZERO) {
            return ofZero(fp, yClass, ySign);
        }
        if ((xSe & Extended.SIGN) != 0
                || (xClass == Extended.INFINITY && yClass == Extended.ZERO)
                || (yClass == Extended.INFINITY && one)) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        // The sign of the logarithm: negative below 1.
        int sign = ySign ^ (xSe < Extended.BIAS ? Extended.SIGN : 0);
        if ((classes & Extended.INFINITY) != 0) {
            return fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        if (yClass == Extended.ZERO || one) {
            return fp.set(0, sign);
        }
        fp.wideA.setExtended(xSig, xSe);
        if (fp.wideA.high == Extended.INTEGER_BIT) {
            return powerOf2(fp, fp.wideA.exponent, ySig, ySe);
        }
        fp.wideB.setExtended(ySig, ySe);
        logarithm(fp);
        fp.wideA.multiply(fp.wideA, fp.wideB);
        return fp.roundInexact(fp.wideA);
    }

    private static boolean ofZero(X87Arithmetic fp, int yClass, int ySign) {
        int sign = ySign ^ Extended.SIGN;
        return switch (yClass) {
            case Extended.ZERO -> fp.invalid();
            case Extended.INFINITY -> fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
            default -> fp.zeroDivide(sign);
        };
    }

    /** y times an integer: exact before rounding, but processors report every result as inexact. */
    private static boolean powerOf2(X87Arithmetic fp, int exponent, long ySig, int ySe) {
        Wide y = fp.wideA;
        Wide logarithm = fp.wideB;
        logarithm.setInteger(exponent);
        y.setExtended(ySig, ySe);
        y.multiply(y, logarithm);
        fp.roundExtended(y.negative ? Extended.SIGN : 0, y.exponent + Extended.BIAS, y.high, y.low);
        if (Extended.classify(fp.significand, fp.signExponent) == Extended.DENORMAL) {
            fp.flags |= StatusWord.UNDERFLOW;
        }
        fp.flags |= StatusWord.PRECISION;
        return true;
    }

    /** y log2(x + 1), with x from ST(0) and y from ST(1). */
    static boolean logarithmPlusOne(X87Arithmetic fp, long xSig, int xSe, long ySig, int ySe) {
        int xClass = Extended.classify(xSig, xSe);
        int yClass = Extended.classify(ySig, ySe);
        int classes = xClass | yClass;
        if ((classes & Extended.NAN_OR_UNSUPPORTED) != 0) {
            return Operands.propagate(fp, xClass, xSig, xSe, yClass, ySig, ySe);
        }
        boolean negative = (xSe & Extended.SIGN) != 0;
        if ((xClass == Extended.INFINITY && (negative || yClass == Extended.ZERO))
                || (xClass == Extended.ZERO && yClass == Extended.INFINITY)) {
            return fp.invalid();
        }
        if ((classes & Extended.DENORMAL) != 0 && !fp.denormalOperand()) {
            return false;
        }
        int sign = (xSe ^ ySe) & Extended.SIGN;
        if ((classes & Extended.INFINITY) != 0) {
            return fp.set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
        }
        if ((classes & Extended.ZERO) != 0) {
            return fp.set(0, sign);
        }
        if (negative && xSe - Extended.SIGN >= Extended.BIAS) {
            // At or below -1 the result is undefined; processors give back the operand.
            fp.flags |= StatusWord.PRECISION;
            return fp.set(xSig, xSe);
        }
        Wide x = fp.wideA;
        x.setExtended(xSig, xSe);
        if (x.exponent >= -2) {
            // The sum is exact, or x so large that 1 does not matter.
            x.add(x, ONE);
            logarithm(fp);
        } else {
            fp.wideC.add(x, TWO);
            x.divide(x, fp.wideC);
            inverseHyperbolicTangent(fp);
        }
        fp.wideB.setExtended(ySig, ySe);
        x.multiply(x, fp.wideB);
        return fp.roundInexact(x);
    }

    /** wideA = log2(wideA), of a positive number. Uses wideC and wideD. */
    private static void logarithm(X87Arithmetic fp) {
        Wide x = fp.wideA;
        int whole = x.exponent;
        x.exponent = 0;
        if (Long.compareUnsigned(x.high, SQUARE_ROOT_OF_2) > 0) {
            x.exponent = -1;
            whole++;
        }
        fp.wideC.add(x, ONE);
        fp.wideD.set(ONE);
        fp.wideD.negative = true;
        x.add(x, fp.wideD);
        if (x.isZero()) {
            x.setInteger(whole);
            return;
        }
        x.divide(x, fp.wideC);
        inverseHyperbolicTangent(fp);
        if (whole != 0) {
            fp.wideC.setInteger(whole);
            x.add(x, fp.wideC);
        }
    }

    /** wideA = 2 / ln(2) * atanh(wideA). Uses wideC. */
    private static void inverseHyperbolicTangent(X87Arithmetic fp) {
        Wide s = fp.wideA;
        Wide sum = fp.wideC;
        sum.multiply(s, s);
        SERIES.evaluate(sum, sum.fractionHigh(), sum.fractionLow());
        s.multiply(s, sum);
        s.multiply(s, FACTOR);
    }
}
