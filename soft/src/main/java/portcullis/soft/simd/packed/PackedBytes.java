package portcullis.soft.simd.packed;

/** Eight bytes a long. */
public final class PackedBytes {
    private static final long HIGH = 0x8080_8080_8080_8080L;
    private static final long EVEN_BYTES = 0x00ff_00ff_00ff_00ffL;
    private static final int WIDTH = 8;

    private PackedBytes() {}

    /** The same byte eight times. */
    public static long broadcast(int octet) {
        return (octet & 0xffL) * 0x0101_0101_0101_0101L;
    }

    /** PADDB. */
    public static long add(long a, long b) {
        return Swar.add(a, b, HIGH);
    }

    /** PSUBB. */
    public static long subtract(long a, long b) {
        return Swar.subtract(a, b, HIGH);
    }

    /** PADDSB. */
    public static long addSigned(long a, long b) {
        return Swar.addSigned(a, b, HIGH, WIDTH);
    }

    /** PSUBSB. */
    public static long subtractSigned(long a, long b) {
        return Swar.subtractSigned(a, b, HIGH, WIDTH);
    }

    /** PADDUSB. */
    public static long addUnsigned(long a, long b) {
        return Swar.addUnsignedSaturating(a, b, HIGH, WIDTH);
    }

    /** PSUBUSB. */
    public static long subtractUnsigned(long a, long b) {
        return Swar.subtractUnsignedSaturating(a, b, HIGH, WIDTH);
    }

    /** PCMPEQB. */
    public static long equal(long a, long b) {
        return Swar.equal(a, b, HIGH, WIDTH);
    }

    /** PCMPGTB. */
    public static long greater(long a, long b) {
        return Swar.greaterSigned(a, b, HIGH, WIDTH);
    }

    /** PMINUB. */
    public static long minUnsigned(long a, long b) {
        return Swar.select(Swar.lessUnsigned(a, b, HIGH, WIDTH), a, b);
    }

    /** PMAXUB. */
    public static long maxUnsigned(long a, long b) {
        return Swar.select(Swar.lessUnsigned(a, b, HIGH, WIDTH), b, a);
    }

    /** PMINSB. */
    public static long minSigned(long a, long b) {
        return Swar.select(greater(a, b), b, a);
    }

    /** PMAXSB. */
    public static long maxSigned(long a, long b) {
        return Swar.select(greater(a, b), a, b);
    }

    /** PAVGB: rounded up. */
    public static long average(long a, long b) {
        return (a | b) - ((a ^ b) >>> 1 & ~HIGH);
    }

    /** PABSB. */
    public static long absolute(long a) {
        return Swar.absolute(a, HIGH, WIDTH);
    }

    /** PSIGNB. */
    public static long applySign(long a, long control) {
        return Swar.applySign(a, control, HIGH, WIDTH);
    }

    /** PSADBW: the sum of absolute differences of unsigned bytes. */
    public static long sumOfDifferences(long a, long b) {
        long difference = subtractUnsigned(a, b) | subtractUnsigned(b, a);
        long pairs = (difference & EVEN_BYTES) + (difference >>> 8 & EVEN_BYTES);
        return pairs * 0x0001_0001_0001_0001L >>> 48;
    }

    /**
     * Half a lane of MPSADBW: four words, each the sum of four absolute differences.
     *
     * @param a the 7 bytes of the first operand from the half's first block on, in the low bits
     * @param block the 4 bytes of the second operand that the immediate selects
     */
    public static long slidingSums(long a, int block) {
        long result = 0;
        for (int i = 0; i < 4; i++) {
            int sum = 0;
            for (int j = 0; j < 4; j++) {
                sum += Math.abs((int) (a >>> 8 * (i + j) & 0xff) - (block >>> 8 * j & 0xff));
            }
            result |= (long) sum << 16 * i;
        }
        return result;
    }

    /** PMADDUBSW: unsigned bytes of {@code a} times signed bytes of {@code b}, neighbours added with signed saturation. */
    public static long multiplyAdd(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            int sum = (int) (a >>> shift & 0xff) * (byte) (b >>> shift)
                    + (int) (a >>> shift + 8 & 0xff) * (byte) (b >>> shift + 8);
            result |= (PackedWords.clamp(sum) & 0xffffL) << shift;
        }
        return result;
    }

    /** PMOVMSKB: the top bits, in the low 8 bits. */
    public static int signMask(long a) {
        return (int) ((a & HIGH) * 0x0002_0408_1020_4081L >>> 56) & 0xff;
    }

    /** PBLENDVB: {@code b} where the mask's top bit is set. */
    public static long blend(long a, long b, long mask) {
        return Swar.select(fillFromSign(mask), b, a);
    }

    /** All ones in bytes whose top bit is set: what MASKMOVDQU takes from its mask. */
    public static long fillFromSign(long mask) {
        return Swar.fill(mask & HIGH, WIDTH);
    }

    /** PSHUFB on 8 bytes: index bits 2:0; bit 7 gives zero. */
    public static long shuffle(long a, long control) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            int index = (int) (control >>> shift);
            result |= (a >>> 8 * (index & 7) & 0xff) << shift;
        }
        return result & ~fillFromSign(control);
    }
}
