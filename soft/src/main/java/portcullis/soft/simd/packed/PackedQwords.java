package portcullis.soft.simd.packed;

/** One 64-bit element a long: what Java's own operators do not say already. */
public final class PackedQwords {
    private PackedQwords() {}

    /** PSLLQ; {@code count} unsigned. */
    public static long shiftLeft(long a, long count) {
        return Long.compareUnsigned(count, 64) < 0 ? a << count : 0;
    }

    /** PSRLQ; {@code count} unsigned. */
    public static long shiftRight(long a, long count) {
        return Long.compareUnsigned(count, 64) < 0 ? a >>> count : 0;
    }

    /** The low long of PSRLDQ's result; {@code bytes} unsigned. */
    public static long shiftBytesRightLow(long low, long high, int bytes) {
        return concatenation(low, high, bytes);
    }

    /** The high long of PSLLDQ's result; {@code bytes} unsigned. */
    public static long shiftBytesLeftHigh(long low, long high, int bytes) {
        if (bytes >= 16) {
            return 0;
        }
        return bytes >= 8 ? low << 8 * (bytes - 8) : bytes == 0 ? high : high << 8 * bytes | low >>> 64 - 8 * bytes;
    }

    /** Eight bytes from byte {@code offset} (0 or more) of the sixteen; zeros follow them. */
    public static long concatenation(long low, long high, int offset) {
        if (offset >= 8) {
            return offset >= 16 ? 0 : high >>> 8 * (offset - 8);
        }
        return offset == 0 ? low : low >>> 8 * offset | high << 64 - 8 * offset;
    }

    /** PALIGNR: eight bytes from byte {@code offset} of the thirty-two that the four longs are; zeros follow them. */
    public static long window(long q0, long q1, long q2, long q3, int offset) {
        long near = quarter(q0, q1, q2, q3, offset >>> 3);
        int bits = (offset & 7) * 8;
        return bits == 0 ? near : near >>> bits | quarter(q0, q1, q2, q3, (offset >>> 3) + 1) << 64 - bits;
    }

    private static long quarter(long q0, long q1, long q2, long q3, int index) {
        return switch (index) {
            case 0 -> q0;
            case 1 -> q1;
            case 2 -> q2;
            case 3 -> q3;
            default -> 0;
        };
    }

    /** All ones where {@code a} is greater, signed: PCMPGTQ. */
    public static long greater(long a, long b) {
        return a > b ? -1 : 0;
    }

    /** PCMPEQQ. */
    public static long equal(long a, long b) {
        return a == b ? -1 : 0;
    }
}
