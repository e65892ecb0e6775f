package portcullis.soft.simd.packed;

/** Four 16-bit elements a long. */
public final class PackedWords {
    private static final long HIGH = 0x8000_8000_8000_8000L;
    private static final long ONES = 0x0001_0001_0001_0001L;
    private static final int WIDTH = 16;

    private PackedWords() {}

    static int clamp(int value) {
        return Math.min(Math.max(value, Short.MIN_VALUE), Short.MAX_VALUE);
    }

    /** The same word four times. */
    public static long broadcast(int word) {
        return (word & 0xffffL) * ONES;
    }

    /** PADDW. */
    public static long add(long a, long b) {
        return Swar.add(a, b, HIGH);
    }

    /** PSUBW. */
    public static long subtract(long a, long b) {
        return Swar.subtract(a, b, HIGH);
    }

    /** PADDSW. */
    public static long addSigned(long a, long b) {
        return Swar.addSigned(a, b, HIGH, WIDTH);
    }

    /** PSUBSW. */
    public static long subtractSigned(long a, long b) {
        return Swar.subtractSigned(a, b, HIGH, WIDTH);
    }

    /** PADDUSW. */
    public static long addUnsigned(long a, long b) {
        return Swar.addUnsignedSaturating(a, b, HIGH, WIDTH);
    }

    /** PSUBUSW. */
    public static long subtractUnsigned(long a, long b) {
        return Swar.subtractUnsignedSaturating(a, b, HIGH, WIDTH);
    }

    /** PCMPEQW. */
    public static long equal(long a, long b) {
        return Swar.equal(a, b, HIGH, WIDTH);
    }

    /** PCMPGTW. */
    public static long greater(long a, long b) {
        return Swar.greaterSigned(a, b, HIGH, WIDTH);
    }

    /** PMINSW. */
    public static long minSigned(long a, long b) {
        return Swar.select(greater(a, b), b, a);
    }

    /** PMAXSW. */
    public static long maxSigned(long a, long b) {
        return Swar.select(greater(a, b), a, b);
    }

    /** PMINUW. */
    public static long minUnsigned(long a, long b) {
        return Swar.select(Swar.lessUnsigned(a, b, HIGH, WIDTH), a, b);
    }

    /** PMAXUW. */
    public static long maxUnsigned(long a, long b) {
        return Swar.select(Swar.lessUnsigned(a, b, HIGH, WIDTH), b, a);
    }

    /** PAVGW: rounded up. */
    public static long average(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~HIGH);
    }

    /** PABSW. */
    public static long absolute(long a) {
        return Swar.absolute(a, HIGH, WIDTH);
    }

    /** PSIGNW. */
    public static long applySign(long a, long control) {
        return Swar.applySign(a, control, HIGH, WIDTH);
    }

    /** PMULLW. */
    public static long multiplyLow(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += WIDTH) {
            result |= ((a >>> shift) * (b >>> shift) & 0xffff) << shift;
        }
        return result;
    }

    /** PMULHW. */
    public static long multiplyHighSigned(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += WIDTH) {
            result |= ((short) (a >>> shift) * (short) (b >>> shift) >>> 16 & 0xffffL) << shift;
        }
        return result;
    }

    /** PMULHUW. */
    public static long multiplyHighUnsigned(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += WIDTH) {
            result |= ((a >>> shift & 0xffff) * (b >>> shift & 0xffff) >>> 16) << shift;
        }
        return result;
    }

    /** PMULHRSW: the product's bits 30:15, rounded. */
    public static long multiplyHighRounded(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += WIDTH) {
            int product = (short) (a >>> shift) * (short) (b >>> shift);
            result |= ((product >> 14) + 1 >> 1 & 0xffffL) << shift;
        }
        return result;
    }

    /** PMADDWD: two sums of two signed products. */
    public static long multiplyAdd(long a, long b) {
        int low = (short) a * (short) b + (short) (a >>> 16) * (short) (b >>> 16);
        int high = (short) (a >>> 32) * (short) (b >>> 32) + (short) (a >>> 48) * (short) (b >>> 48);
        return PackedDwords.pair(low, high);
    }

    /** PHADDW: sums of neighbours; the first operand's fill the low half. */
    public static long addHorizontally(long low, long high) {
        return add(evenWords(low, high), oddWords(low, high));
    }

    /** PHSUBW. */
    public static long subtractHorizontally(long low, long high) {
        return subtract(evenWords(low, high), oddWords(low, high));
    }

    /** PHADDSW. */
    public static long addHorizontallySigned(long low, long high) {
        return addSigned(evenWords(low, high), oddWords(low, high));
    }

    /** PHSUBSW. */
    public static long subtractHorizontallySigned(long low, long high) {
        return subtractSigned(evenWords(low, high), oddWords(low, high));
    }

    private static long evenWords(long low, long high) {
        return Packing.squeezeDwords(low) | Packing.squeezeDwords(high) << 32;
    }

    private static long oddWords(long low, long high) {
        return evenWords(low >>> 16, high >>> 16);
    }

    /** PSLLW; {@code count} unsigned. */
    public static long shiftLeft(long a, long count) {
        if (Long.compareUnsigned(count, WIDTH) >= 0) {
            return 0;
        }
        return a << (int) count & broadcast(0xffff << (int) count);
    }

    /** PSRLW; {@code count} unsigned. */
    public static long shiftRight(long a, long count) {
        if (Long.compareUnsigned(count, WIDTH) >= 0) {
            return 0;
        }
        return a >>> (int) count & broadcast(0xffff >>> (int) count);
    }

    /** PSRAW; {@code count} unsigned. */
    public static long shiftRightArithmetic(long a, long count) {
        long signs = Swar.fill(a & HIGH, WIDTH);
        if (Long.compareUnsigned(count, WIDTH) >= 0) {
            return signs;
        }
        long kept = broadcast(0xffff >>> (int) count);
        return a >>> (int) count & kept | signs & ~kept;
    }

    /** PSHUFLW and PSHUFW, and on the high long PSHUFHW. */
    public static long shuffle(long a, int order) {
        return a >>> 16 * (order & 3) & 0xffff
                | (a >>> 16 * (order >>> 2 & 3) & 0xffff) << 16
                | (a >>> 16 * (order >>> 4 & 3) & 0xffff) << 32
                | a >>> 16 * (order >>> 6 & 3) << 48;
    }

    /** PBLENDW: the words of {@code b} whose bit of {@code selection} (bits 3:0) is set. */
    public static long blend(long a, long b, int selection) {
        long tops = (selection & 1L) << 15 | (selection & 2L) << 30 | (selection & 4L) << 45 | (selection & 8L) << 60;
        return Swar.select(Swar.fill(tops, WIDTH), b, a);
    }

    /** PHMINPOSUW: the least unsigned word in bits 15:0, its first position in bits 18:16. */
    public static long minimumPosition(long low, long high) {
        long least = 0x1_0000;
        int position = 0;
        for (int i = 0; i < 8; i++) {
            long word = (i < 4 ? low : high) >>> 16 * (i & 3) & 0xffff;
            if (word < least) {
                least = word;
                position = i;
            }
        }
        return least | (long) position << 16;
    }
}
