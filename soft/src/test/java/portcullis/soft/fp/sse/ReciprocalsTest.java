package portcullis.soft.fp.sse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntUnaryOperator;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class ReciprocalsTest {
    /** Relative error that the manual promises (SDM volume 2, RCPPS). */
    private static final double BOUND = 1.5 / 4096;

    @Test
    void shouldMatchHardwareBitForBit() {
        // CRC-32 of a Zen 4's results for every 1021st pattern, little-endian.
        assertEquals("e08100ab", digest(Reciprocals::reciprocal));
        assertEquals("28c028cc", digest(Reciprocals::reciprocalSquareRoot));
    }

    @Test
    void shouldStayWithinArchitecturalError() {
        for (int bits = 1 << 23; bits < 252 << 23; bits += 4099) {
            double x = Float.intBitsToFloat(bits);
            double reciprocal = Float.intBitsToFloat(Reciprocals.reciprocal(bits));
            double root = Float.intBitsToFloat(Reciprocals.reciprocalSquareRoot(bits));
            assertTrue(Math.abs(reciprocal * x - 1) < BOUND);
            assertTrue(Math.abs(root * Math.sqrt(x) - 1) < BOUND);
        }
    }

    private static String digest(IntUnaryOperator operation) {
        CRC32 crc = new CRC32();
        byte[] bytes = new byte[4];
        for (long x = 0; x < 1L << 32; x += 1021) {
            int result = operation.applyAsInt((int) x);
            for (int i = 0; i < 4; i++) {
                bytes[i] = (byte) (result >>> 8 * i);
            }
            crc.update(bytes);
        }
        return "%08x".formatted(crc.getValue());
    }
}
