package portcullis.soft.simd.packed;

/** Polynomials over GF(2): PCLMULQDQ. */
public final class Carryless {
    private static final long EVERY_FOURTH = 0x1111_1111_1111_1111L;

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
}
