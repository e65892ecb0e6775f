package portcullis.soft.fp.sse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Both ways to a result must agree: Java's arithmetic, and the exact integer path, which is called directly here. */
class QuickPathTest {
    private static final int ROUNDS = 200_000;
    private static final int[] CONTROLS = {
        Mxcsr.RESET, Mxcsr.RESET | Mxcsr.PE, Mxcsr.RESET | Mxcsr.PE | Mxcsr.DAZ | Mxcsr.FTZ
    };

    private final SplittableRandom random = new SplittableRandom(20250214);
    private final SseArithmetic quick = new SseArithmetic();
    private final Mxcsr mxcsr = new Mxcsr();
    private final SoftFloat exact = new SoftFloat(mxcsr);

    @Test
    void shouldAgreeWithExactPathInDoubles() {
        BinaryFormat f = BinaryFormat.BINARY64;
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand(f);
            long b = operand(f);
            long c = operand(f);
            int control = CONTROLS[i % CONTROLS.length];
            check(control, quick.f64.add(arm(control, a), b), exact.add(f, a, b, false));
            check(control, quick.f64.subtract(arm(control, a), b), exact.add(f, a, b, true));
            check(control, quick.f64.multiply(arm(control, a), b), exact.multiply(f, a, b));
            check(control, quick.f64.divide(arm(control, a), b), exact.divide(f, a, b));
            check(control, quick.f64.squareRoot(arm(control, a)), exact.squareRoot(f, a));
            check(
                    control,
                    quick.f64.fusedMultiplyAdd(arm(control, a), b, c, true, false),
                    exact.fusedMultiplyAdd(f, a, b, c, true, false));
            check(control, quick.convert.doubleToFloat(arm(control, a)), (int)
                    exact.convert(f, BinaryFormat.BINARY32, a));
        }
    }

    @Test
    void shouldAgreeWithExactPathInFloats() {
        BinaryFormat f = BinaryFormat.BINARY32;
        for (int i = 0; i < ROUNDS; i++) {
            long a = operand(f);
            long b = operand(f);
            long c = operand(f);
            int x = (int) a;
            int y = (int) b;
            int control = CONTROLS[i % CONTROLS.length];
            check(control, quick.f32.add((int) arm(control, x), y), (int) exact.add(f, a, b, false));
            check(control, quick.f32.subtract((int) arm(control, x), y), (int) exact.add(f, a, b, true));
            check(control, quick.f32.multiply((int) arm(control, x), y), (int) exact.multiply(f, a, b));
            check(control, quick.f32.divide((int) arm(control, x), y), (int) exact.divide(f, a, b));
            check(control, quick.f32.squareRoot((int) arm(control, x)), (int) exact.squareRoot(f, a));
            check(control, quick.f32.fusedMultiplyAdd((int) arm(control, x), y, (int) c, false, true), (int)
                    exact.fusedMultiplyAdd(f, a, b, c, false, true));
        }
    }

    /** Sets both MXCSRs; returns {@code first}, so that it can stand where the first operand is evaluated. */
    private long arm(int control, long first) {
        quick.mxcsr.set(control);
        mxcsr.set(control);
        return first;
    }

    private void check(int control, long actual, long expected) {
        assertEquals(expected, actual, () -> "MXCSR " + Integer.toHexString(control));
        finish(control);
    }

    private void finish(int control) {
        quick.mxcsr.settle();
        mxcsr.settle();
        assertEquals(mxcsr.get(), quick.mxcsr.get(), () -> "MXCSR before " + Integer.toHexString(control));
    }

    /** Numbers near one, near the ends of the exponent range, short significands, and plain bits. */
    private long operand(BinaryFormat f) {
        long bits = random.nextLong() & (f.signMask | f.fractionMask);
        int exponent = switch (random.nextInt(6)) {
            case 0 -> random.nextInt(4);
            case 1 -> f.specialExponent - random.nextInt(3);
            case 2 -> f.bias / 2 + random.nextInt(60) - 30;
            case 3 -> random.nextInt(f.specialExponent + 1);
            default -> f.bias + random.nextInt(60) - 30;
        };
        if (random.nextBoolean()) {
            bits &= f.signMask | -1L << random.nextInt(f.fractionBits + 1);
        }
        return bits | (long) exponent << f.fractionBits;
    }
}
