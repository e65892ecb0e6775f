package portcullis.soft.fp.x87;

/** FBLD and FBSTP: eighteen binary-coded decimal digits and a sign, ten bytes (SDM volume 1, 4.7). */
final class PackedDecimal {
    private static final long LARGEST = 999_999_999_999_999_999L;
    private static final int INDEFINITE_HIGH = 0xffff;
    private static final long INDEFINITE_LOW = 0xc000_0000_0000_0000L;

    private PackedDecimal() {}

    /** Loads eighteen digits. Digits above 9 have their binary value, as on hardware; the manual leaves them undefined. */
    static void load(X87Arithmetic fp, long low, int high) {
        long value = (high >>> 4 & 15) * 10 + (high & 15);
        for (int shift = 60; shift >= 0; shift -= 4) {
            value = value * 10 + (low >>> shift & 15);
        }
        IntegerFormats.load(fp, value);
        fp.signExponent |= high & Extended.SIGN;
    }

    /** Rounds to a decimal integer into {@code fp.memory} and {@code fp.memoryHigh}; returns whether to store. */
    static boolean store(X87Arithmetic fp, long sig, int se) {
        int sign = se & Extended.SIGN;
        if (!IntegerFormats.store(fp, fp.control, 64, sig, se)
                || (fp.flags & StatusWord.INVALID) != 0
                || Long.compareUnsigned(Math.abs(fp.memory), LARGEST) > 0) {
            fp.flags = 0;
            fp.memory = INDEFINITE_LOW;
            fp.memoryHigh = INDEFINITE_HIGH;
            return fp.raiseInvalid();
        }
        long rest = Math.abs(fp.memory);
        long digits = 0;
        for (int shift = 0; shift < 64; shift += 4) {
            long next = rest / 10;
            digits |= (rest - next * 10) << shift;
            rest = next;
        }
        fp.memory = digits;
        fp.memoryHigh = sign | (int) (rest / 10) << 4 | (int) (rest % 10);
        return true;
    }
}
