package portcullis.soft.fp.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The basic operations against rational arithmetic: every rounding mode and precision, results within the exponent range. */
class ExactArithmeticTest {
    private static final int CASES = 4000;

    private final X87Arithmetic fp = new X87Arithmetic();
    private final SplittableRandom random = new SplittableRandom(1);
    private final long[] a = new long[2];
    private final long[] b = new long[2];

    /** numerator / denominator * 2^exponent, rounded independently of the library. */
    private void expect(BigInteger numerator, BigInteger denominator, int exponent, String what) {
        int bits = ControlWord.precisionBits(fp.control);
        BigInteger magnitude = numerator.abs();
        boolean negative = numerator.signum() < 0;
        int shift = bits + 2 + denominator.bitLength() - magnitude.bitLength();
        BigInteger[] quotient = (shift > 0 ? magnitude.shiftLeft(shift) : magnitude)
                .divideAndRemainder(shift > 0 ? denominator : denominator.shiftLeft(-shift));
        int excess = quotient[0].bitLength() - bits;
        BigInteger kept = quotient[0].shiftRight(excess);
        BigInteger below = quotient[0]
                .subtract(kept.shiftLeft(excess))
                .shiftLeft(1)
                .add(quotient[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE);
        int half = below.compareTo(BigInteger.ONE.shiftLeft(excess));
        boolean inexact = below.signum() != 0;
        boolean up = switch (fp.control & ControlWord.ROUNDING) {
            case ControlWord.ROUND_NEAREST -> half > 0 || (half == 0 && kept.testBit(0));
            case ControlWord.ROUND_DOWN -> inexact && negative;
            case ControlWord.ROUND_UP -> inexact && !negative;
            default -> false;
        };
        if (up) {
            kept = kept.add(BigInteger.ONE);
        }
        int resultExponent = exponent + excess - shift + kept.bitLength() - 1;
        long significand = kept.shiftLeft(64 - kept.bitLength()).longValue();
        assertEquals(
                String.format("%04x:%016x", (negative ? 0x8000 : 0) | (resultExponent + Extended.BIAS), significand),
                String.format("%04x:%016x", fp.signExponent, fp.significand),
                what);
        assertEquals((inexact ? StatusWord.PRECISION : 0) | (up ? StatusWord.C1 : 0), fp.flags, () -> what + ": flags");
    }

    private void forRandomOperands(Consumer<String> check) {
        for (int i = 0; i < CASES; i++) {
            fp.control = 0x3f | random.nextInt(4) << 10 | new int[] {0, 0x200, 0x300}[random.nextInt(3)];
            draw(a);
            draw(b);
            check.accept(String.format("%04x %04x:%016x %04x:%016x", fp.control, a[1], a[0], b[1], b[0]));
        }
    }

    private void draw(long[] operand) {
        operand[0] = Long.MIN_VALUE
                | switch (random.nextInt(4)) {
                    case 0 -> random.nextLong() << random.nextInt(64);
                    case 1 -> -1L << random.nextInt(64);
                    case 2 -> -1L >>> random.nextInt(64);
                    default -> random.nextLong();
                };
        operand[1] = random.nextInt(2) << 15 | (Extended.BIAS - 35 + random.nextInt(140));
    }

    private static BigInteger integer(long[] operand) {
        BigInteger magnitude = new BigInteger(Long.toUnsignedString(operand[0]));
        return operand[1] >= 0x8000 ? magnitude.negate() : magnitude;
    }

    private static int exponent(long[] operand) {
        return ((int) operand[1] & 0x7fff) - Extended.BIAS - 63;
    }

    @Test
    void shouldRoundSumsAndDifferencesCorrectly() {
        forRandomOperands(what -> {
            int base = Math.min(exponent(a), exponent(b));
            BigInteger left = integer(a).shiftLeft(exponent(a) - base);
            BigInteger right = integer(b).shiftLeft(exponent(b) - base);
            if (left.add(right).signum() != 0) {
                assertTrue(fp.add(a[0], (int) a[1], b[0], (int) b[1]));
                expect(left.add(right), BigInteger.ONE, base, "add " + what);
            }
            if (left.subtract(right).signum() != 0) {
                assertTrue(fp.subtract(a[0], (int) a[1], b[0], (int) b[1]));
                expect(left.subtract(right), BigInteger.ONE, base, "subtract " + what);
            }
        });
    }

    @Test
    void shouldRoundProductsCorrectly() {
        forRandomOperands(what -> {
            assertTrue(fp.multiply(a[0], (int) a[1], b[0], (int) b[1]));
            expect(integer(a).multiply(integer(b)), BigInteger.ONE, exponent(a) + exponent(b), "multiply " + what);
        });
    }

    @Test
    void shouldRoundQuotientsCorrectly() {
        forRandomOperands(what -> {
            assertTrue(fp.divide(a[0], (int) a[1], b[0], (int) b[1]));
            BigInteger numerator = b[1] >= 0x8000 ? integer(a).negate() : integer(a);
            expect(numerator, integer(b).abs(), exponent(a) - exponent(b), "divide " + what);
        });
    }

    @Test
    void shouldRoundSquareRootsCorrectly() {
        forRandomOperands(what -> {
            a[1] &= 0x7fff;
            assertTrue(fp.squareRoot(a[0], (int) a[1]));
            int scale = 200 + (exponent(a) & 1);
            BigInteger[] root = integer(a).shiftLeft(scale).sqrtAndRemainder();
            // A sticky place below an inexact root.
            BigInteger value = root[0].shiftLeft(1).add(root[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE);
            expect(value, BigInteger.ONE, (exponent(a) - scale) / 2 - 1, "root " + what);
        });
    }

    @Test
    void shouldReduceToTheTrueRemainder() {
        forRandomOperands(what -> {
            int base = Math.min(exponent(a), exponent(b));
            BigInteger left = integer(a).shiftLeft(exponent(a) - base).abs();
            BigInteger right = integer(b).shiftLeft(exponent(b) - base).abs();
            if (exponent(a) - exponent(b) >= 64) {
                return;
            }
            BigInteger[] exact = left.divideAndRemainder(right);
            assertTrue(fp.remainder(a[0], (int) a[1], b[0], (int) b[1]));
            checkRemainder(exact[1], exact[0], base, "fprem " + what);
            int half = exact[1].shiftLeft(1).compareTo(right);
            if (half > 0 || (half == 0 && exact[0].testBit(0))) {
                exact[0] = exact[0].add(BigInteger.ONE);
                exact[1] = exact[1].subtract(right);
            }
            assertTrue(fp.nearestRemainder(a[0], (int) a[1], b[0], (int) b[1]));
            checkRemainder(exact[1], exact[0], base, "fprem1 " + what);
        });
    }

    private void checkRemainder(BigInteger remainder, BigInteger quotient, int base, String what) {
        int codes = (quotient.testBit(2) ? StatusWord.C0 : 0)
                | (quotient.testBit(1) ? StatusWord.C3 : 0)
                | (quotient.testBit(0) ? StatusWord.C1 : 0);
        assertEquals(codes, fp.flags, what);
        boolean negative = a[1] >= 0x8000 ^ remainder.signum() < 0;
        int exponent = base + remainder.bitLength() - 1 + Extended.BIAS;
        long significand = remainder.signum() == 0
                ? 0
                : remainder.abs().shiftLeft(64 - remainder.abs().bitLength()).longValue();
        if (remainder.signum() != 0) {
            exponent = base + remainder.abs().bitLength() - 1 + Extended.BIAS;
        }
        assertEquals(
                String.format(
                        "%04x:%016x", (negative ? 0x8000 : 0) | (remainder.signum() == 0 ? 0 : exponent), significand),
                String.format("%04x:%016x", fp.signExponent, fp.significand),
                what);
    }

    @ParameterizedTest
    @ValueSource(ints = {StatusWord.INVALID, StatusWord.DENORMAL, StatusWord.ZERO_DIVIDE})
    void shouldStoreNothingForUnmaskedExceptionsOfTheOperands(int exception) {
        fp.control = ControlWord.INITIAL & ~exception;
        boolean stored = switch (exception) {
            case StatusWord.INVALID -> fp.squareRoot(Extended.INTEGER_BIT, 0xbfff);
            case StatusWord.DENORMAL -> fp.add(1, 0, Extended.INTEGER_BIT, 0x3fff);
            default -> fp.divide(Extended.INTEGER_BIT, 0x3fff, 0, 0);
        };
        assertFalse(stored);
        assertEquals(exception, fp.flags);
    }

    @Test
    void shouldAdjustExponentsForUnmaskedOverflowAndUnderflow() {
        fp.control = ControlWord.INITIAL & ~(StatusWord.OVERFLOW | StatusWord.UNDERFLOW);
        assertTrue(fp.multiply(Extended.INTEGER_BIT, 0x7ffe, Extended.INTEGER_BIT, 0x7ffe));
        assertEquals(0x7ffe + 0x7ffe - Extended.BIAS - 24576, fp.signExponent);
        assertEquals(StatusWord.OVERFLOW, fp.flags);
        assertTrue(fp.multiply(Extended.INTEGER_BIT, 1, Extended.INTEGER_BIT, 1));
        assertEquals(2 - Extended.BIAS + 24576, fp.signExponent);
        assertEquals(StatusWord.UNDERFLOW, fp.flags);
    }

    @Test
    void shouldNotStoreOverflowAndUnderflowInMemoryWhenUnmasked() {
        fp.control = ControlWord.INITIAL & ~(StatusWord.OVERFLOW | StatusWord.UNDERFLOW);
        assertFalse(fp.storeDouble(Extended.INTEGER_BIT, 0x7000));
        assertEquals(StatusWord.OVERFLOW, fp.flags);
        assertFalse(fp.storeSingle(Extended.INTEGER_BIT, 0x1000));
        assertEquals(StatusWord.UNDERFLOW, fp.flags);
    }
}
