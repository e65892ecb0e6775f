package portcullis.soft.simd.packed;

/** Two 32-bit elements a long. */
public final class PackedDwords {
    private static final long HIGH = 0x8000_0000_8000_0000L;
    private static final int WIDTH = 32;

    private PackedDwords() {}

    /** Two elements as a long. */
    public static long pair(int low, int high) {
        return low & 0xffff_ffffL | (long) high << 32;
    }

    private static int high(long a) {
        return (int) (a >>> 32);
    }

    /** PADDD. */
    public static long add(long a, long b) {
        return pair((int) a + (int) b, high(a) + high(b));
    }

    /** PSUBD. */
    public static long subtract(long a, long b) {
        return pair((int) a - (int) b, high(a) - high(b));
    }

    /** PCMPEQD. */
    public static long equal(long a, long b) {
        return Swar.equal(a, b, HIGH, WIDTH);
    }

    /** PCMPGTD. */
    public static long greater(long a, long b) {
        return pair((int) a > (int) b ? -1 : 0, high(a) > high(b) ? -1 : 0);
    }

    /** PMINSD. */
    public static long minSigned(long a, long b) {
        return pair(Math.min((int) a, (int) b), Math.min(high(a), high(b)));
    }

    /** PMAXSD. */
    public static long maxSigned(long a, long b) {
        return pair(Math.max((int) a, (int) b), Math.max(high(a), high(b)));
    }

    /** PMINUD. */
    public static long minUnsigned(long a, long b) {
        return minSigned(a ^ HIGH, b ^ HIGH) ^ HIGH;
    }

    /** PMAXUD. */
    public static long maxUnsigned(long a, long b) {
        return maxSigned(a ^ HIGH, b ^ HIGH) ^ HIGH;
    }

    /** PABSD. */
    public static long absolute(long a) {
        return pair(Math.abs((int) a), Math.abs(high(a)));
    }

    /** PSIGND. */
    public static long applySign(long a, long control) {
        return Swar.applySign(a, control, HIGH, WIDTH);
    }

    /** PMULLD. */
    public static long multiplyLow(long a, long b) {
        return pair((int) a * (int) b, high(a) * high(b));
    }

    /** PMULUDQ: the product of the low elements. */
    public static long multiplyUnsigned(long a, long b) {
        return (a & 0xffff_ffffL) * (b & 0xffff_ffffL);
    }

    /** PMULDQ: the signed product of the low elements. */
    public static long multiplySigned(long a, long b) {
        return (long) (int) a * (int) b;
    }

    /** PHADDD: sums of neighbours; the first operand's in the low half. */
    public static long addHorizontally(long low, long high) {
        return pair((int) low + high(low), (int) high + high(high));
    }

    /** PHSUBD. */
    public static long subtractHorizontally(long low, long high) {
        return pair((int) low - high(low), (int) high - high(high));
    }

    /** PSLLD; {@code count} unsigned. */
    public static int shiftLeft(int a, long count) {
        return Long.compareUnsigned(count, WIDTH) < 0 ? a << (int) count : 0;
    }

    /** PSRLD; {@code count} unsigned. */
    public static int shiftRight(int a, long count) {
        return Long.compareUnsigned(count, WIDTH) < 0 ? a >>> (int) count : 0;
    }

    /** PSRAD; {@code count} unsigned. */
    public static int shiftRightArithmetic(int a, long count) {
        return a >> (Long.compareUnsigned(count, WIDTH) < 0 ? (int) count : WIDTH - 1);
    }

    /** PSLLD on both elements. */
    public static long shiftLeft(long a, long count) {
        return pair(shiftLeft((int) a, count), shiftLeft(high(a), count));
    }

    /** PSRLD on both elements. */
    public static long shiftRight(long a, long count) {
        return pair(shiftRight((int) a, count), shiftRight(high(a), count));
    }

    /** PSRAD on both elements. */
    public static long shiftRightArithmetic(long a, long count) {
        return pair(shiftRightArithmetic((int) a, count), shiftRightArithmetic(high(a), count));
    }

    /** VPSLLVD: each element by its own count. */
    public static long shiftLeftEach(long a, long counts) {
        return pair(shiftLeft((int) a, counts & 0xffff_ffffL), shiftLeft(high(a), counts >>> 32));
    }

    /** VPSRLVD. */
    public static long shiftRightEach(long a, long counts) {
        return pair(shiftRight((int) a, counts & 0xffff_ffffL), shiftRight(high(a), counts >>> 32));
    }

    /** VPSRAVD. */
    public static long shiftRightArithmeticEach(long a, long counts) {
        return pair(shiftRightArithmetic((int) a, counts & 0xffff_ffffL), shiftRightArithmetic(high(a), counts >>> 32));
    }

    /** One of the four elements of two longs: index bits 1:0. */
    public static int element(long low, long high, int index) {
        return (int) (((index & 2) != 0 ? high : low) >>> 32 * (index & 1));
    }

    /** Half of PSHUFD: two elements of four, chosen by bits 1:0 and 3:2 of {@code order}. */
    public static long shuffle(long low, long high, int order) {
        return pair(element(low, high, order), element(low, high, order >>> 2));
    }

    /** The dwords of {@code b} whose bit of {@code selection} (bits 1:0) is set. */
    public static long blend(long a, long b, int selection) {
        return Swar.select(pair(-(selection & 1), -(selection >>> 1 & 1)), b, a);
    }

    /** BLENDVPS: {@code b} where the mask's top bit is set. */
    public static long blendBySign(long a, long b, long mask) {
        return Swar.select(fillFromSign(mask), b, a);
    }

    /** All ones in dwords whose top bit is set. */
    public static long fillFromSign(long mask) {
        return Swar.fill(mask & HIGH, WIDTH);
    }

    /** MOVMSKPS of two elements: the top bits, in bits 1:0. */
    public static int signMask(long a) {
        return (int) (a >>> 31 & 1 | a >>> 62 & 2);
    }
}
