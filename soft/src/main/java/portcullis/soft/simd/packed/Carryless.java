package portcullis.soft.simd.packed;

/** Polynomials over GF(2): PCLMULQDQ and CRC32. */
public final class Carryless {
    private static final long EVERY_FOURTH = 0x1111_1111_1111_1111L;

    /** CRC-32C (Castagnoli), bit-reflected. */
    private static final int POLYNOMIAL = 0x82f6_3b78;

    /** Slice {@code k} advances a byte by {@code k} further zero bytes. */
    private static final int[] CRC = new int[8 * 256];

    static {
        for (int i = 0; i < 256; i++) {
            int crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
            }
            CRC[i] = crc;
        }
        for (int i = 256; i < CRC.length; i++) {
            CRC[i] = CRC[i - 256] >>> 8 ^ CRC[CRC[i - 256] & 0xff];
        }
    }

    private Carryless() {}

    /**
     * The low 64 bits of the product. Integer multiplication does it, with bits spread out so far (every fourth, 15 at most
     * meeting in one place) that carries stay in the holes between them.
     */
    public static long multiplyLow(long a, long b) {
        long product = 0;
        for (int i = 0; i < 4; i++) {
            long sums = 0;
            for (int j = 0; j < 4; j++) {
                sums ^= (a & EVERY_FOURTH << j) * (b & EVERY_FOURTH << (i - j & 3));
            }
            product |= sums & EVERY_FOURTH << i;
        }
        return product;
    }

    /** The high 64 bits of the product. */
    public static long multiplyHigh(long a, long b) {
        // Reversed factors have the reversed 127-bit product.
        return Long.reverse(multiplyLow(Long.reverse(a), Long.reverse(b))) >>> 1;
    }

    /** CRC32 of 8 bits. */
    public static int crc8(int crc, int data) {
        return crc >>> 8 ^ CRC[(crc ^ data) & 0xff];
    }

    /** CRC32 of 16 bits. */
    public static int crc16(int crc, int data) {
        return crc8(crc8(crc, data), data >>> 8);
    }

    /** CRC32 of 32 bits. */
    public static int crc32(int crc, int data) {
        int x = crc ^ data;
        return slice(3, x) ^ slice(2, x >>> 8) ^ slice(1, x >>> 16) ^ slice(0, x >>> 24);
    }

    /** CRC32 of 64 bits. */
    public static int crc64(int crc, long data) {
        int x = crc ^ (int) data;
        int y = (int) (data >>> 32);
        return slice(7, x)
                ^ slice(6, x >>> 8)
                ^ slice(5, x >>> 16)
                ^ slice(4, x >>> 24)
                ^ slice(3, y)
                ^ slice(2, y >>> 8)
                ^ slice(1, y >>> 16)
                ^ slice(0, y >>> 24);
    }

    private static int slice(int number, int octet) {
        return CRC[number << 8 | octet & 0xff];
    }
}
