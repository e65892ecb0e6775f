package portcullis.soft.simd.packed;

/**
 * PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM volume 1 and 2, "String and text processing").
 *
 * <p>The immediate: bits 1:0 unsigned bytes, unsigned words, signed bytes, signed words; bits 3:2 equal any, ranges, equal
 * each, equal ordered; bits 5:4 polarity; bit 6 the output's form.
 */
public final class StringCompare {
    private StringCompare() {}

    /** Elements that a register holds: 8 words or 16 bytes. */
    public static int elements(int immediate) {
        return (immediate & 1) != 0 ? 8 : 16;
    }

    /** Length of an explicit-length operand from EAX or EDX (RAX, RDX): the absolute value, at most {@link #elements}. */
    public static int explicitLength(long count, int immediate) {
        int limit = elements(immediate);
        return count > -limit && count < limit ? (int) Math.abs(count) : limit;
    }

    /** Length of an implicit-length operand: up to the first zero element. */
    public static int implicitLength(long low, long high, int immediate) {
        boolean words = (immediate & 1) != 0;
        long lowZeros = words ? PackedWords.equal(low, 0) : PackedBytes.equal(low, 0);
        long highZeros = words ? PackedWords.equal(high, 0) : PackedBytes.equal(high, 0);
        int bits = lowZeros != 0 ? Long.numberOfTrailingZeros(lowZeros) : 64 + Long.numberOfTrailingZeros(highZeros);
        return words ? bits >>> 4 : bits >>> 3;
    }

    /**
     * The manual's IntRes2: a bit an element of the second operand, polarity applied.
     *
     * @param aLow, aHigh first operand (the characters, ranges or the string searched for)
     * @param bLow, bHigh second operand
     */
    public static int compare(long aLow, long aHigh, int aLength, long bLow, long bHigh, int bLength, int immediate) {
        int elements = elements(immediate);
        int result = switch (immediate >>> 2 & 3) {
            case 0 -> equalAny(aLow, aHigh, aLength, bLow, bHigh, bLength, immediate);
            case 1 -> ranges(aLow, aHigh, aLength, bLow, bHigh, bLength, immediate);
            case 2 -> equalEach(aLow, aHigh, aLength, bLow, bHigh, bLength, immediate);
            default -> equalOrdered(aLow, aHigh, aLength, bLow, bHigh, bLength, immediate);
        };
        int all = (1 << elements) - 1;
        return switch (immediate >>> 4 & 3) {
            case 1 -> ~result & all;
            case 3 -> result ^ (1 << bLength) - 1;
            default -> result;
        };
    }

    private static int equalAny(long aLow, long aHigh, int aLength, long bLow, long bHigh, int bLength, int format) {
        int result = 0;
        for (int j = 0; j < bLength; j++) {
            int candidate = element(bLow, bHigh, j, format);
            for (int i = 0; i < aLength; i++) {
                if (element(aLow, aHigh, i, format) == candidate) {
                    result |= 1 << j;
                    break;
                }
            }
        }
        return result;
    }

    private static int ranges(long aLow, long aHigh, int aLength, long bLow, long bHigh, int bLength, int format) {
        int result = 0;
        for (int j = 0; j < bLength; j++) {
            int candidate = element(bLow, bHigh, j, format);
            for (int i = 0; i + 1 < aLength; i += 2) {
                if (candidate >= element(aLow, aHigh, i, format) && candidate <= element(aLow, aHigh, i + 1, format)) {
                    result |= 1 << j;
                    break;
                }
            }
        }
        return result;
    }

    /** Beyond both ends counts as equal, beyond one end as different. */
    private static int equalEach(long aLow, long aHigh, int aLength, long bLow, long bHigh, int bLength, int format) {
        int elements = elements(format);
        int result = 0;
        for (int i = 0; i < elements; i++) {
            boolean equal = i < aLength && i < bLength
                    ? element(aLow, aHigh, i, format) == element(bLow, bHigh, i, format)
                    : i >= aLength && i >= bLength;
            result |= equal ? 1 << i : 0;
        }
        return result;
    }

    /** Substring search; a match may begin before the end of the register and is not looked at beyond it. */
    private static int equalOrdered(
            long aLow, long aHigh, int aLength, long bLow, long bHigh, int bLength, int format) {
        int elements = elements(format);
        int result = 0;
        for (int j = 0; j < elements; j++) {
            boolean match = true;
            for (int i = 0; match && i < aLength && i + j < elements; i++) {
                match = i + j < bLength && element(aLow, aHigh, i, format) == element(bLow, bHigh, i + j, format);
            }
            result |= match ? 1 << j : 0;
        }
        return result;
    }

    private static int element(long low, long high, int index, int format) {
        return switch (format & 3) {
            case 0 -> (int) ((index < 8 ? low : high) >>> 8 * (index & 7)) & 0xff;
            case 1 -> (int) ((index < 4 ? low : high) >>> 16 * (index & 3)) & 0xffff;
            case 2 -> (byte) ((index < 8 ? low : high) >>> 8 * (index & 7));
            default -> (short) ((index < 4 ? low : high) >>> 16 * (index & 3));
        };
    }

    /** PCMPxSTRI: the first or (immediate bit 6) last set bit, or {@link #elements} where there is none. */
    public static int index(int result, int immediate) {
        if (result == 0) {
            return elements(immediate);
        }
        return (immediate & 0x40) != 0
                ? 31 - Integer.numberOfLeadingZeros(result)
                : Integer.numberOfTrailingZeros(result);
    }

    /** PCMPxSTRM: one long of the mask, as bits or (immediate bit 6) as elements of ones. */
    public static long mask(int result, int immediate, boolean high) {
        if ((immediate & 0x40) == 0) {
            return high ? 0 : result;
        }
        boolean words = (immediate & 1) != 0;
        int count = words ? 4 : 8;
        int width = words ? 16 : 8;
        int bits = high ? result >>> count : result;
        long mask = 0;
        for (int i = 0; i < count; i++) {
            if ((bits >>> i & 1) != 0) {
                mask |= (1L << width) - 1 << i * width;
            }
        }
        return mask;
    }
}
