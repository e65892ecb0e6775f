package portcullis.soft.fp.sse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Directed rounding against exact decimal arithmetic: the two neighbours bracket the value, and PE says whether it lies between. */
class DirectedRoundingTest {
    private static final int ROUNDS = 4_000;

    private final SplittableRandom random = new SplittableRandom(7);
    private final SseArithmetic sse = new SseArithmetic();

    private interface Operation {
        long apply(long a, long b);
    }

    @Test
    void shouldBracketExactSums() {
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand();
            long b = operand();
            check(value(a).add(value(b)), sse.f64::add, a, b);
        }
    }

    @Test
    void shouldBracketExactProducts() {
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand();
            long b = operand();
            check(value(a).multiply(value(b)), sse.f64::multiply, a, b);
        }
    }

    @Test
    void shouldBracketExactFusedResults() {
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand();
            long b = operand();
            long c = operand();
            BigDecimal exact = value(a).multiply(value(b)).add(value(c));
            check(exact, (x, y) -> sse.f64.fusedMultiplyAdd(x, y, c, false, false), a, b);
        }
    }

    @Test
    void shouldBracketQuotients() {
        MathContext enough = new MathContext(60);
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand();
            long b = operand();
            long down = rounded(Mxcsr.DOWN, sse.f64::divide, a, b);
            long up = rounded(Mxcsr.UP, sse.f64::divide, a, b);
            BigDecimal quotient = value(a).divide(value(b), enough);
            BigDecimal slack = quotient.abs().movePointLeft(55);
            assertTrue(value(down).compareTo(quotient.add(slack)) <= 0);
            assertTrue(value(up).compareTo(quotient.subtract(slack)) >= 0);
            assertEquals(down == up ? 0 : 1, ulpsBetween(down, up));
        }
    }

    private void check(BigDecimal exact, Operation operation, long a, long b) {
        long down = rounded(Mxcsr.DOWN, operation, a, b);
        boolean inexact = (sse.mxcsr.get() & Mxcsr.PE) != 0;
        long up = rounded(Mxcsr.UP, operation, a, b);
        assertTrue(value(down).compareTo(exact) <= 0);
        assertTrue(value(up).compareTo(exact) >= 0);
        assertEquals(inexact, value(down).compareTo(exact) != 0);
        if (exact.signum() != 0) {
            assertEquals(inexact ? 1 : 0, ulpsBetween(down, up));
            assertEquals(exact.signum() > 0 ? down : up, rounded(Mxcsr.TO_ZERO, operation, a, b));
        }
    }

    private long rounded(int rounding, Operation operation, long a, long b) {
        sse.mxcsr.set(Mxcsr.RESET | rounding << 13);
        long result = operation.apply(a, b);
        sse.mxcsr.settle();
        return result;
    }

    private static long ulpsBetween(long down, long up) {
        return Math.abs(up - down);
    }

    private static BigDecimal value(long bits) {
        return new BigDecimal(Double.longBitsToDouble(bits));
    }

    /** Normal numbers within 2^±50, the short ones common, so that exact results and ties happen. */
    private long operand() {
        long bits = random.nextLong() & (1L << 63 | (1L << 52) - 1) | (long) (973 + random.nextInt(100)) << 52;
        return random.nextBoolean() ? bits & -1L << random.nextInt(53) : bits;
    }
}
