package portcullis.soft.fp.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Conversions against the host's own, which Java's casts and BigDecimal are. */
class ConversionTest {
    private static final int CASES = 20_000;

    private final X87Arithmetic fp = new X87Arithmetic();
    private final SplittableRandom random = new SplittableRandom(2);

    @Test
    void shouldGiveBackEveryDouble() {
        for (int i = 0; i < CASES; i++) {
            long bits = i % 4 == 0 ? random.nextLong() & 0x800f_ffff_ffff_ffffL : random.nextLong();
            if (Double.isNaN(Double.longBitsToDouble(bits))) {
                continue;
            }
            assertTrue(fp.loadDouble(bits));
            assertTrue(fp.storeDouble(fp.significand, fp.signExponent));
            assertEquals(bits, fp.memory);
            assertEquals(0, fp.flags);
        }
    }

    @Test
    void shouldNarrowDoublesAsACastDoes() {
        for (int i = 0; i < CASES; i++) {
            double value = random.nextDouble(-1, 1) * Math.pow(2, random.nextInt(-160, 140));
            fp.loadDouble(Double.doubleToRawLongBits(value));
            assertTrue(fp.storeSingle(fp.significand, fp.signExponent));
            assertEquals(Float.floatToRawIntBits((float) value), (int) fp.memory);
            assertEquals(value != (float) value, (fp.flags & StatusWord.PRECISION) != 0);
        }
    }

    @Test
    void shouldGiveBackEveryInteger() {
        for (int i = 0; i < CASES; i++) {
            long value = i == 0 ? Long.MIN_VALUE : random.nextLong() >> random.nextInt(64);
            fp.loadInteger(value);
            assertTrue(fp.storeInteger(64, fp.significand, fp.signExponent));
            assertEquals(value, fp.memory);
            assertEquals(0, fp.flags);
        }
    }

    @Test
    void shouldRoundToIntegersByTheControlWord() {
        double[] values = {0.5, 1.5, 2.5, -0.5, -1.5, 1e-300, -1e-300, 32766.5, 32767.4999, -32768.5, 123.75};
        for (double value : values) {
            for (int mode = 0; mode < 4; mode++) {
                fp.control = ControlWord.INITIAL | mode << 10;
                double rounded = switch (mode) {
                    case 0 -> Math.rint(value);
                    case 1 -> Math.floor(value);
                    case 2 -> Math.ceil(value);
                    default -> value < 0 ? Math.ceil(value) : Math.floor(value);
                };
                boolean fits = rounded == (short) rounded;
                fp.loadDouble(Double.doubleToRawLongBits(value));
                assertTrue(fp.storeInteger(16, fp.significand, fp.signExponent));
                assertEquals(fits ? (short) rounded : Short.MIN_VALUE, (short) fp.memory);
                assertEquals(fits ? StatusWord.PRECISION : StatusWord.INVALID, fp.flags & StatusWord.EXCEPTIONS);
                assertTrue(fp.roundToInteger(fp.significand, fp.signExponent));
                assertTrue(fp.storeDouble(fp.significand, fp.signExponent));
                assertEquals(Double.doubleToRawLongBits(rounded), fp.memory);
            }
        }
    }

    @Test
    void shouldWriteDecimalDigitsOfIntegers() {
        for (int i = 0; i < 2000; i++) {
            long value = random.nextLong(-999_999_999_999_999_999L, 1_000_000_000_000_000_000L) >> random.nextInt(60);
            fp.loadInteger(value);
            assertTrue(fp.storePackedDecimal(fp.significand, fp.signExponent));
            String digits = BigDecimal.valueOf(Math.abs(value)).toPlainString();
            assertEquals(
                    digits,
                    String.format("%02x%016x", fp.memoryHigh & 0x7fff, fp.memory)
                            .replaceFirst("^0+(?=.)", ""));
            assertEquals(value < 0, (fp.memoryHigh & 0x8000) != 0);
            fp.loadPackedDecimal(fp.memory, fp.memoryHigh);
            assertTrue(fp.storeInteger(64, fp.significand, fp.signExponent));
            assertEquals(value, fp.memory);
        }
    }
}
