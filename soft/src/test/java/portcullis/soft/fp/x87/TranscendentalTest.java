package portcullis.soft.fp.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The working precision of transcendental functions and identities that their results keep. */
class TranscendentalTest {
    private static final MathContext DIGITS = new MathContext(80);
    private static final int CASES = 2000;

    private final X87Arithmetic fp = new X87Arithmetic();
    private final SplittableRandom random = new SplittableRandom(3);
    private final Wide a = new Wide();
    private final Wide b = new Wide();
    private final Wide result = new Wide();

    private static BigDecimal value(Wide wide) {
        BigDecimal significand = new BigDecimal(new BigInteger(Long.toUnsignedString(wide.high))
                .shiftLeft(64)
                .add(new BigInteger(Long.toUnsignedString(wide.low))));
        BigDecimal magnitude = scale(significand, wide.exponent - 127);
        return wide.negative ? magnitude.negate() : magnitude;
    }

    private static BigDecimal scale(BigDecimal value, int exponent) {
        BigDecimal power = new BigDecimal(BigInteger.ONE.shiftLeft(Math.abs(exponent)));
        return exponent < 0 ? value.divide(power, DIGITS) : value.multiply(power, DIGITS);
    }

    private void draw(Wide wide) {
        wide.set(
                random.nextBoolean(),
                random.nextInt(-70, 70),
                Long.MIN_VALUE | (random.nextInt(4) == 0 ? -1L : random.nextLong()),
                random.nextInt(4) == 0 ? random.nextInt(3) - 1 : random.nextLong());
    }

    @Test
    void shouldKeep124BitsInEveryWideOperation() {
        for (int i = 0; i < CASES; i++) {
            draw(a);
            draw(b);
            result.multiply(a, b);
            close(value(a).multiply(value(b), DIGITS), value(result), value(result));
            result.divide(a, b);
            close(value(a).divide(value(b), DIGITS), value(result), value(result));
            result.add(a, b);
            close(value(a).add(value(b), DIGITS), value(result), value(a).abs().max(value(b).abs()));
        }
    }

    private static void close(BigDecimal exact, BigDecimal computed, BigDecimal scale) {
        BigDecimal error = exact.subtract(computed).abs();
        assertTrue(error.compareTo(scale(scale.abs(), -124)) <= 0, () -> exact + " but " + computed);
    }

    @Test
    void shouldAgreeWithDoublePrecisionEverywhere() {
        for (int i = 0; i < CASES; i++) {
            double x = random.nextDouble(-1, 1) * Math.pow(2, random.nextInt(-30, 10));
            double y = random.nextDouble(-1, 1) * Math.pow(2, random.nextInt(-30, 10));
            load(x);
            assertTrue(fp.sine(fp.significand, fp.signExponent));
            near(Math.sin(x));
            load(x);
            assertTrue(fp.sineAndCosine(fp.significand, fp.signExponent));
            near(Math.sin(x));
            fp.set(fp.secondSignificand, fp.secondSignExponent);
            near(Math.cos(x));
            load(x);
            assertTrue(fp.cosine(fp.significand, fp.signExponent));
            near(Math.cos(x));
            load(x);
            assertTrue(fp.tangent(fp.significand, fp.signExponent));
            near(Math.tan(x));
            angle(x, y);
            near(Math.atan2(y, x));
            load(x / 1024);
            assertTrue(fp.twoToXMinusOne(fp.significand, fp.signExponent));
            near(Math.expm1(x / 1024 * Math.log(2)));
            load(1);
            long one = fp.significand;
            load(Math.abs(x));
            assertTrue(fp.logarithm(fp.significand, fp.signExponent, one, Extended.BIAS));
            near(Math.log(Math.abs(x)) / Math.log(2));
            load(Math.abs(x));
            assertTrue(fp.logarithmPlusOne(fp.significand, fp.signExponent, one, Extended.BIAS));
            near(Math.log1p(Math.abs(x)) / Math.log(2));
        }
    }

    private void angle(double x, double y) {
        load(y);
        long ySignificand = fp.significand;
        int ySignExponent = fp.signExponent;
        load(x);
        assertTrue(fp.arctangent(fp.significand, fp.signExponent, ySignificand, ySignExponent));
    }

    private void load(double value) {
        assertTrue(fp.loadDouble(Double.doubleToRawLongBits(value)));
    }

    private void near(double expected) {
        assertEquals(
                StatusWord.PRECISION, fp.flags & StatusWord.EXCEPTIONS & ~StatusWord.DENORMAL | StatusWord.PRECISION);
        assertTrue(fp.storeDouble(fp.significand, fp.signExponent));
        assertEquals(expected, Double.longBitsToDouble(fp.memory), Math.ulp(expected) * 8);
    }

    @Test
    void shouldReduceByTheProcessorsPi() {
        // sin of the nearest number to pi is what 66 bits of pi leave of it, not what pi itself leaves.
        assertTrue(fp.sine(0xc90f_daa2_2168_c235L, 0x4000));
        assertEquals("bfbf:8000000000000000", String.format("%04x:%016x", fp.signExponent, fp.significand));
    }

    @Test
    void shouldLeaveArgumentsOutOfRangeAlone() {
        assertEquals(false, fp.sine(Extended.INTEGER_BIT, Extended.BIAS + 63));
        assertEquals(StatusWord.C2, fp.flags);
        assertEquals(true, fp.sine(-1L, Extended.BIAS + 62));
    }

    @Test
    void shouldReportPowersOf2AsTheInexactResultsProcessorsMakeOfThem() {
        assertTrue(fp.logarithm(Extended.INTEGER_BIT, Extended.BIAS + 3, Extended.INTEGER_BIT, Extended.BIAS));
        assertEquals("4000:c000000000000000", String.format("%04x:%016x", fp.signExponent, fp.significand));
        assertEquals(StatusWord.PRECISION, fp.flags);
    }
}
