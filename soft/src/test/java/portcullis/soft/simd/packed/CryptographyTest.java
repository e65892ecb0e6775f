package portcullis.soft.simd.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.SplittableRandom;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** The instructions, put together as software does, against the JDK's own algorithms. */
class CryptographyTest {
    private final SplittableRandom random = new SplittableRandom(42);

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Round keys of AES-128: eleven pairs of longs. */
    private static long[] expand(long low, long high) {
        int[] words = new int[44];
        words[0] = (int) low;
        words[1] = (int) (low >>> 32);
        words[2] = (int) high;
        words[3] = (int) (high >>> 32);
        int constant = 1;
        for (int i = 4; i < 44; i += 4) {
            long assist = Aes.keyGenerationAssist((long) words[i - 1] << 32, constant);
            words[i] = words[i - 4] ^ (int) (assist >>> 32);
            for (int j = 1; j < 4; j++) {
                words[i + j] = words[i + j - 4] ^ words[i + j - 1];
            }
            constant = constant << 1 ^ (constant >= 0x80 ? 0x11b : 0);
        }
        long[] keys = new long[22];
        for (int i = 0; i < 22; i++) {
            keys[i] = PackedDwords.pair(words[2 * i], words[2 * i + 1]);
        }
        return keys;
    }

    @Test
    void shouldEncryptAndDecryptAsAes128() throws Exception {
        byte[] key = new byte[16];
        byte[] text = new byte[16];
        for (int round = 0; round < 50; round++) {
            random.nextBytes(key);
            random.nextBytes(text);
            long[] keys = expand(little(key).getLong(0), little(key).getLong(8));
            long low = little(text).getLong(0) ^ keys[0];
            long high = little(text).getLong(8) ^ keys[1];
            for (int i = 2; i < 20; i += 2) {
                long nextLow = Aes.encryptLow(low, high) ^ keys[i];
                high = Aes.encryptHigh(low, high) ^ keys[i + 1];
                low = nextLow;
            }
            long cipherLow = Aes.encryptLastLow(low, high) ^ keys[20];
            long cipherHigh = Aes.encryptLastHigh(low, high) ^ keys[21];
            Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
            aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
            byte[] expected = aes.doFinal(text);
            assertEquals(little(expected).getLong(0), cipherLow);
            assertEquals(little(expected).getLong(8), cipherHigh);
            assertDecrypts(keys, cipherLow, cipherHigh, text);
        }
    }

    private static void assertDecrypts(long[] keys, long cipherLow, long cipherHigh, byte[] text) {
        long low = cipherLow ^ keys[20];
        long high = cipherHigh ^ keys[21];
        for (int i = 18; i > 0; i -= 2) {
            long nextLow = Aes.decryptLow(low, high) ^ Aes.inverseMixColumns(keys[i]);
            high = Aes.decryptHigh(low, high) ^ Aes.inverseMixColumns(keys[i + 1]);
            low = nextLow;
        }
        assertEquals(little(text).getLong(0), Aes.decryptLastLow(low, high) ^ keys[0]);
        assertEquals(little(text).getLong(8), Aes.decryptLastHigh(low, high) ^ keys[1]);
    }

    /** One padded block that holds the message. */
    private static int[] block(byte[] message) {
        byte[] padded = new byte[64];
        System.arraycopy(message, 0, padded, 0, message.length);
        padded[message.length] = (byte) 0x80;
        ByteBuffer buffer = ByteBuffer.wrap(padded).putLong(56, message.length * 8L);
        int[] words = new int[16];
        for (int i = 0; i < 16; i++) {
            words[i] = buffer.getInt(i * 4);
        }
        return words;
    }

    @Test
    void shouldHashAsSha1() throws Exception {
        byte[] message = "portcullis".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        int[] w = block(message);
        // Message quadruples, the first word in the highest dword.
        long[][] m = new long[20][];
        for (int i = 0; i < 4; i++) {
            m[i] = new long[] {PackedDwords.pair(w[4 * i + 3], w[4 * i + 2]), PackedDwords.pair(w[4 * i + 1], w[4 * i])
            };
        }
        long[] out = new long[2];
        for (int i = 4; i < 20; i++) {
            Sha.sha1Message1(m[i - 4][0], m[i - 4][1], m[i - 3][0], m[i - 3][1], out);
            Sha.sha1Message2(out[0] ^ m[i - 2][0], out[1] ^ m[i - 2][1], m[i - 1][0], m[i - 1][1], out);
            m[i] = out.clone();
        }
        long[] initial = {PackedDwords.pair(0x10325476, 0x98badcfe), PackedDwords.pair(0xefcdab89, 0x67452301)};
        long[] abcd = initial.clone();
        long[] before = null;
        int e = 0xc3d2e1f0;
        for (int i = 0; i < 20; i++) {
            if (i == 0) {
                out[0] = m[0][0];
                out[1] = PackedDwords.pair((int) m[0][1], (int) (m[0][1] >>> 32) + e);
            } else {
                Sha.sha1NextE(before[0], before[1], m[i][0], m[i][1], out);
            }
            before = abcd.clone();
            Sha.sha1FourRounds(abcd[0], abcd[1], out[0], out[1], i / 5, abcd);
        }
        Sha.sha1NextE(before[0], before[1], 0, (long) e << 32, out);
        ByteBuffer digest = ByteBuffer.allocate(20)
                .putInt((int) (abcd[1] >>> 32) + 0x67452301)
                .putInt((int) abcd[1] + 0xefcdab89)
                .putInt((int) (abcd[0] >>> 32) + 0x98badcfe)
                .putInt((int) abcd[0] + 0x10325476)
                .putInt((int) (out[1] >>> 32));
        assertArrayEquals(MessageDigest.getInstance("SHA-1").digest(message), digest.array());
    }

    @Test
    void shouldHashAsSha256() throws Exception {
        byte[] message = "inhibit flush".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        int[] w = block(message);
        long[][] m = new long[16][];
        for (int i = 0; i < 4; i++) {
            m[i] = new long[] {PackedDwords.pair(w[4 * i], w[4 * i + 1]), PackedDwords.pair(w[4 * i + 2], w[4 * i + 3])
            };
        }
        long[] out = new long[2];
        for (int i = 4; i < 16; i++) {
            Sha.sha256Message1(m[i - 4][0], m[i - 4][1], m[i - 3][0], m[i - 3][1], out);
            long low = PackedQwords.concatenation(m[i - 2][0] >>> 32 | m[i - 2][1] << 32, 0, 0);
            long high = m[i - 2][1] >>> 32 | m[i - 1][0] << 32;
            Sha.sha256Message2(
                    PackedDwords.add(out[0], low), PackedDwords.add(out[1], high), m[i - 1][0], m[i - 1][1], out);
            m[i] = out.clone();
        }
        int[] h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
        long[] abef = {PackedDwords.pair(h[5], h[4]), PackedDwords.pair(h[1], h[0])};
        long[] cdgh = {PackedDwords.pair(h[7], h[6]), PackedDwords.pair(h[3], h[2])};
        for (int i = 0; i < 32; i++) {
            long message2 = m[i / 2][i % 2];
            long keys = PackedDwords.add(message2, PackedDwords.pair(constant(2 * i), constant(2 * i + 1)));
            Sha.sha256TwoRounds(cdgh[0], cdgh[1], abef[0], abef[1], keys, out);
            cdgh = abef;
            abef = out.clone();
        }
        ByteBuffer digest = ByteBuffer.allocate(32);
        int[] state = {
            (int) (abef[1] >>> 32), (int) abef[1], (int) (cdgh[1] >>> 32), (int) cdgh[1],
            (int) (abef[0] >>> 32), (int) abef[0], (int) (cdgh[0] >>> 32), (int) cdgh[0]
        };
        for (int i = 0; i < 8; i++) {
            digest.putInt(state[i] + h[i]);
        }
        assertEquals(
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(message)),
                HexFormat.of().formatHex(digest.array()));
    }

    /** FIPS 180-4, 4.2.2: the first 32 bits of the fractional part of the cube root of the index-th prime. */
    private static int constant(int index) {
        int prime = 1;
        for (int found = -1; found < index; ) {
            prime++;
            int candidate = prime;
            if (java.util.stream.IntStream.range(2, candidate).noneMatch(d -> candidate % d == 0)) {
                found++;
            }
        }
        // floor(cbrt(p) * 2^32), by Newton's method from above on p * 2^96.
        java.math.BigInteger radicand = java.math.BigInteger.valueOf(prime).shiftLeft(96);
        java.math.BigInteger root = java.math.BigInteger.ONE.shiftLeft(36);
        while (true) {
            java.math.BigInteger next =
                    root.shiftLeft(1).add(radicand.divide(root.multiply(root))).divide(java.math.BigInteger.valueOf(3));
            if (next.compareTo(root) >= 0) {
                return root.intValue();
            }
            root = next;
        }
    }

    @Test
    void shouldMultiplyWithoutCarries() {
        for (int i = 0; i < 500; i++) {
            long a = random.nextLong();
            long b = random.nextLong() >>> i % 64;
            long low = 0;
            long high = 0;
            for (int bit = 0; bit < 64; bit++) {
                if ((b >>> bit & 1) != 0) {
                    low ^= a << bit;
                    high ^= bit == 0 ? 0 : a >>> 64 - bit;
                }
            }
            assertEquals(low, Carryless.multiplyLow(a, b));
            assertEquals(high, Carryless.multiplyHigh(a, b));
        }
        assertEquals(0x5555_5555_5555_5555L, Carryless.multiplyLow(-1, -1));
        assertEquals(0x5555_5555_5555_5555L, Carryless.multiplyHigh(-1, -1));
    }
}
