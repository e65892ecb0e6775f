package portcullis.soft.simd.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Packs, unpacks, shuffles and sums across elements. */
class RearrangementTest {
    private static final long A = 0x7766_5544_3322_1100L;
    private static final long B = 0xffee_ddcc_bbaa_9988L;

    private static void assertHex(long expected, long actual) {
        assertEquals(Long.toHexString(expected), Long.toHexString(actual));
    }

    @Test
    void shouldSaturateWhenPacking() {
        assertHex(0x7f80_7f80_017f_8000L, Packing.wordsToSignedBytes(0x0001_007f_8000_0000L, 0x7fff_ff80_0080_ff7fL));
        assertHex(0xff00_ff00_01ff_0000L, Packing.wordsToUnsignedBytes(0x0001_00ff_8000_0000L, 0x0100_ffff_7fff_fffeL));
        assertHex(0x7fff_8000_0001_fffeL, Packing.dwordsToSignedWords(0x0000_0001_ffff_fffeL, 0x7fff_ffff_8000_0000L));
        assertHex(
                0xffff_0000_8001_0000L, Packing.dwordsToUnsignedWords(0x0000_8001_ffff_fffeL, 0x7fff_ffff_8000_0000L));
    }

    @Test
    void shouldInterleave() {
        assertHex(0xbb33_aa22_9911_8800L, Packing.interleaveLowBytes(A, B));
        assertHex(0xff77_ee66_dd55_cc44L, Packing.interleaveHighBytes(A, B));
        assertHex(0xbbaa_3322_9988_1100L, Packing.interleaveLowWords(A, B));
        assertHex(0xffee_7766_ddcc_5544L, Packing.interleaveHighWords(A, B));
        assertHex(0xbbaa_9988_3322_1100L, Packing.interleaveLowDwords(A, B));
        assertHex(0xffee_ddcc_7766_5544L, Packing.interleaveHighDwords(A, B));
    }

    @Test
    void shouldWiden() {
        assertHex(0x00ff_0080_007f_0001L, Packing.widenBytes(0xff80_7f01));
        assertHex(0xffff_ff80_007f_0001L, Packing.widenSignedBytes(0xff80_7f01));
        assertHex(0x0000_ff80_0000_7f01L, Packing.widenWords(0xff80_7f01));
        assertHex(0xffff_ff80_0000_7f01L, Packing.widenSignedWords(0xff80_7f01));
        assertHex(0x0000_00ff_0000_0080L, Packing.widenBytesToDwords(0x1234_ff80));
        assertHex(0xffff_ffff_ffff_ff80L, Packing.widenSignedBytesToDwords(0x1234_ff80));
    }

    @Test
    void shouldShuffle() {
        assertHex(0x0077_1100_7777_0011L, PackedBytes.shuffle(A, 0x8007_0100_0f07_0809L));
        assertHex(0x1100_3322_5544_7766L, PackedWords.shuffle(A, 0x1b));
        assertHex(0x3322_1100_ffee_ddccL, PackedDwords.shuffle(A, B, 0x03));
        assertHex(0xffee_5544_bbaa_1100L, PackedWords.blend(A, B, 0xa));
        assertHex(0xffee_ddcc_3322_1100L, PackedDwords.blend(A, B, 2));
    }

    @Test
    void shouldShiftAcrossSixteenBytes() {
        for (int bytes = 0; bytes <= 17; bytes++) {
            java.math.BigInteger whole = unsigned(B).shiftLeft(64).or(unsigned(A));
            assertHex(whole.shiftRight(8 * bytes).longValue(), PackedQwords.shiftBytesRightLow(A, B, bytes));
            assertHex(
                    whole.shiftLeft(8 * bytes).shiftRight(64).longValue(),
                    PackedQwords.shiftBytesLeftHigh(A, B, bytes));
        }
    }

    private static java.math.BigInteger unsigned(long value) {
        return new java.math.BigInteger(Long.toUnsignedString(value));
    }

    @Test
    void shouldCombineNeighbours() {
        assertHex(0xddba_5532_ccaa_4422L, PackedWords.addHorizontally(A, B));
        assertHex(0xddde_ddde_ddde_dddeL, PackedWords.subtractHorizontally(A, B));
        assertHex(
                0x7fff_8000_8000_7fffL,
                PackedWords.addHorizontallySigned(0x8000_ffff_7fff_0001L, 0x7fff_7fff_8000_8000L));
        assertHex(0x0000_0002_8000_0000L, PackedDwords.addHorizontally(0x0000_0001_7fff_ffffL, 0x0000_0001_0000_0001L));
        assertHex(0x8000_0000_0000_0002L, PackedWords.multiplyAdd(0x8000_8000_0001_0001L, 0x8000_8000_0001_0001L));
        // 255*127 twice and 255*-128 twice saturate, 255*-1 twice does not.
        assertHex(0x7fff_8000_fe02_0000L, PackedBytes.multiplyAdd(0xffff_ffff_ffff_0000L, 0x7f7f_8080_ffff_7f7fL));
    }

    @Test
    void shouldReduceToOneNumber() {
        assertEquals(0x81, PackedBytes.signMask(0x8000_0000_0000_0080L));
        assertEquals(3, PackedDwords.signMask(-1));
        assertEquals(8 * 255, PackedBytes.sumOfDifferences(-1, 0));
        assertHex(5 << 16 | 3, PackedWords.minimumPosition(0x0004_ffff_8000_0009L, 0x0003_0003_0003_7fffL));
    }

    @Test
    void shouldSumDifferencesOfSlidingBlocks() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            long a = random.nextLong();
            int block = random.nextInt();
            for (int word = 0; word < 4; word++) {
                long window = a >>> 8 * word & 0xffff_ffffL;
                long expected = PackedBytes.sumOfDifferences(window, block & 0xffff_ffffL);
                assertEquals(expected, PackedBytes.slidingSums(a, block) >>> 16 * word & 0xffff);
            }
        }
    }
}
