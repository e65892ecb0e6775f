package portcullis.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The decisions that make a program, in order. What was chosen is kept, so that the same program, or one with some decisions
 * left out or made smaller, can be run again. Zero is always the dullest choice.
 */
public abstract class Choices {
    private long[] taken = new long[1 << 10];
    private int count;

    /** @return 0 to n - 1 */
    protected abstract int pick(int n);

    protected abstract long raw();

    /** Whether nothing but zeroes comes any more. */
    public abstract boolean exhausted();

    /** One of {@code n}. */
    public final int below(int n) {
        return (int) keep(pick(n));
    }

    /** 64 bits. */
    public final long bits() {
        return keep(raw());
    }

    /** True once in {@code n} times. */
    public final boolean oneIn(int n) {
        return below(n) == n - 1;
    }

    public final <T> T of(List<T> values) {
        return values.get(below(values.size()));
    }

    public final long of(long[] values) {
        return values[below(values.length)];
    }

    private long keep(long value) {
        if (count == taken.length) {
            taken = Arrays.copyOf(taken, count * 2);
        }
        taken[count++] = value;
        return value;
    }

    /** How many decisions there have been. */
    public final int count() {
        return count;
    }

    /** All decisions so far, for {@link #again}. */
    public final long[] taken() {
        return Arrays.copyOf(taken, count);
    }

    /** Never ends. */
    public static Choices random(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new Choices() {
            @Override
            protected int pick(int n) {
                return random.nextInt(n);
            }

            @Override
            protected long raw() {
                return random.nextLong();
            }

            @Override
            public boolean exhausted() {
                return false;
            }
        };
    }

    /** Those that {@link #taken} gave, then zeroes. */
    public static Choices again(long[] earlier) {
        return new Choices() {
            private int next;

            @Override
            protected int pick(int n) {
                return (int) Long.remainderUnsigned(raw(), n);
            }

            @Override
            protected long raw() {
                return next < earlier.length ? earlier[next++] : 0;
            }

            @Override
            public boolean exhausted() {
                return next >= earlier.length;
            }
        };
    }

    /** From bytes, as few a choice as will do; then zeroes. */
    public static Choices of(byte[] bytes) {
        return new Choices() {
            private int next;

            private long take(int length) {
                long value = 0;
                for (int i = 0; i < length && next < bytes.length; i++) {
                    value |= (bytes[next++] & 0xffL) << i * 8;
                }
                return value;
            }

            @Override
            protected int pick(int n) {
                return (int) (take(n <= 1 << 8 ? 1 : n <= 1 << 16 ? 2 : 4) % n);
            }

            @Override
            protected long raw() {
                return take(8);
            }

            @Override
            public boolean exhausted() {
                return next >= bytes.length;
            }
        };
    }
}
