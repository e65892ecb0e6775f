package portcullis.oracle.generate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import portcullis.oracle.isa.Flags;

/** Random input states, rich in the values where arithmetic changes its mind. */
final class StateGenerator {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int[] FLOATS = {
        0,
        1,
        0x7fffff,
        0x800000,
        0x3f800000,
        0x3f800001,
        0x3f7fffff,
        0x40000000,
        0x7f7fffff,
        0x7f800000,
        0x7f800001,
        0x7fc00000,
        0x7fffffff,
        0x4b000000,
        0x4effffff,
        0x4f000000,
        0x4f800000,
        0x5f000000,
        0x3f000000,
        0x33800000
    };
    private static final long[] DOUBLES = {
        0,
        1,
        0xfffffffffffffL,
        0x10000000000000L,
        0x3ff0000000000000L,
        0x3ff0000000000001L,
        0x3fefffffffffffffL,
        0x4000000000000000L,
        0x7fefffffffffffffL,
        0x7ff0000000000000L,
        0x7ff0000000000001L,
        0x7ff8000000000000L,
        0x4330000000000000L,
        0x41dfffffffc00000L,
        0x41e0000000000000L,
        0x43e0000000000000L,
        0x3fe0000000000000L,
        0x47efffffe0000000L,
        0x36a0000000000000L,
        0x3810000000000000L
    };
    /** Exponents of 80-bit numbers. */
    private static final int[] EXPONENTS = {0, 1, 0x3ffe, 0x3fff, 0x4000, 0x403e, 0x403f, 0x7ffe, 0x7fff, 0x3c01, 0x43fe
    };

    private static final long[] SIGNIFICANDS = {
        0,
        1,
        0x8000000000000000L,
        0x8000000000000001L,
        0xc000000000000000L,
        0xffffffffffffffffL,
        0x7fffffffffffffffL,
        0x4000000000000000L,
        0xfffffffffffff800L,
        0xffffff0000000000L
    };

    private final SplittableRandom random;

    StateGenerator(SplittableRandom random) {
        this.random = random;
    }

    InputState next() {
        InputState state = new InputState();
        for (int i = 0; i < 16; i++) {
            state.gpr[i] = integer();
        }
        state.rflags = 0x202 | random.nextInt() & (Flags.STATUS | (random.nextInt(4) == 0 ? Flags.D : 0));
        for (int i = 0; i < state.stack.length; i++) {
            state.stack[i] = integer();
        }
        fxsave(state.fxsave);
        for (int i = 0; i < 16; i++) {
            vector(state.ymm, 32 * i, 32);
        }
        for (int i = 0; i < state.scratch.length; i += 32) {
            vector(state.scratch, i, 32);
        }
        return state;
    }

    /** A 64-bit value: often small, often next to a power of two, in any width. */
    long integer() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(-4, 5);
            case 1 -> (1L << random.nextInt(64)) + random.nextInt(-2, 3);
            case 2 -> -(1L << random.nextInt(64)) + random.nextInt(-2, 3);
            case 3 -> random.nextLong() >>> random.nextInt(64);
            case 4 -> random.nextLong() >> random.nextInt(64);
            case 5 -> (random.nextLong() & 0xffff_ffff_0000_0000L) | (1L << random.nextInt(32)) - random.nextInt(2);
            default -> random.nextLong();
        };
    }

    /** Exception masks set, so that nothing traps. */
    int mxcsr() {
        int value = 0x1f80 | random.nextInt(0x40);
        if (random.nextInt(3) == 0) {
            value |= random.nextInt(4) << 13;
        }
        if (random.nextInt(6) == 0) {
            value |= 1 << 15;
        }
        if (random.nextInt(6) == 0) {
            value |= 1 << 6;
        }
        return random.nextInt(4) == 0 ? value & ~0x3f : value;
    }

    /** Exception masks set, so that nothing traps. */
    int x87Control() {
        int precision = random.nextInt(3) == 0 ? new int[] {0, 2, 3}[random.nextInt(3)] : 3;
        int rounding = random.nextInt(3) == 0 ? random.nextInt(4) : 0;
        return 0x7f | precision << 8 | rounding << 10;
    }

    private void fxsave(byte[] image) {
        SHORT.set(image, 0, (short) x87Control());
        // Top, condition codes and sticky exceptions; no exception is unmasked, so the summary bits are clear.
        int status = random.nextInt(4) == 0 ? random.nextInt() & 0x7f7f : random.nextInt(8) << 11;
        SHORT.set(image, 2, (short) status);
        image[4] = (byte) (random.nextInt(3) == 0 ? random.nextInt() : random.nextBoolean() ? -1 : 0);
        INT.set(image, 24, mxcsr());
        for (int i = 0; i < 8; i++) {
            extended(image, 32 + 16 * i);
        }
    }

    /** An 80-bit number. */
    private void extended(byte[] into, int at) {
        int exponent;
        long significand;
        switch (random.nextInt(8)) {
            case 0 -> {
                exponent = EXPONENTS[random.nextInt(EXPONENTS.length)];
                significand = SIGNIFICANDS[random.nextInt(SIGNIFICANDS.length)];
            }
            case 1 -> {
                exponent = random.nextInt(0x8000);
                significand = random.nextLong();
            }
            case 2 -> {
                exponent = 0x3fff + random.nextInt(64);
                significand = Long.MIN_VALUE | (random.nextLong() << random.nextInt(64));
            }
            case 3 -> {
                exponent = 0x7fff;
                significand = Long.MIN_VALUE | random.nextLong();
            }
            default -> {
                exponent = 0x3fff + random.nextInt(-20, 20);
                significand = Long.MIN_VALUE | random.nextLong();
            }
        }
        LONG.set(into, at, significand);
        SHORT.set(into, at + 8, (short) (exponent | random.nextInt(2) << 15));
    }

    /** Lanes of one kind. */
    private void vector(byte[] into, int at, int length) {
        int kind = random.nextInt(8);
        for (int i = 0; i < length; i += 8) {
            long lane = switch (kind) {
                case 0, 1 -> floatBits() & 0xffffffffL | (long) floatBits() << 32;
                case 2, 3 -> doubleBits();
                case 4 -> integer();
                case 5 -> integer() & 0xffffffffL | integer() << 32;
                case 6 -> bytes();
                default -> random.nextLong();
            };
            LONG.set(into, at + i, lane);
        }
    }

    private long bytes() {
        long lane = 0;
        for (int i = 0; i < 8; i++) {
            int b = switch (random.nextInt(4)) {
                case 0 -> random.nextInt(-2, 3);
                case 1 -> 0x7f + random.nextInt(3);
                default -> random.nextInt();
            };
            lane = lane << 8 | b & 0xff;
        }
        return lane;
    }

    private int floatBits() {
        return switch (random.nextInt(4)) {
            case 0 -> FLOATS[random.nextInt(FLOATS.length)] | random.nextInt(2) << 31;
            case 1 -> random.nextInt();
            case 2 -> Float.floatToRawIntBits(random.nextInt(-100000, 100000) / (float) (1 << random.nextInt(8)));
            default -> (127 + random.nextInt(-12, 13)) << 23 | random.nextInt() & 0x807fffff;
        };
    }

    private long doubleBits() {
        return switch (random.nextInt(4)) {
            case 0 -> DOUBLES[random.nextInt(DOUBLES.length)] | (long) random.nextInt(2) << 63;
            case 1 -> random.nextLong();
            case 2 -> Double.doubleToRawLongBits(random.nextInt() / (double) (1 << random.nextInt(16)));
            default -> (1023L + random.nextInt(-30, 31)) << 52 | random.nextLong() & 0x800fffffffffffffL;
        };
    }
}
