package portcullis.soft.simd.packed;

/** Conversions between element widths: packs, unpacks, sign and zero extension. */
public final class Packing {
    private static final long EVEN_BYTES = 0x00ff_00ff_00ff_00ffL;
    private static final long EVEN_WORDS = 0x0000_ffff_0000_ffffL;
    private static final long LOW_DWORD = 0xffff_ffffL;

    private static final long BYTE_MAX = PackedWords.broadcast(Byte.MAX_VALUE);
    private static final long BYTE_MIN = PackedWords.broadcast(Byte.MIN_VALUE);
    private static final long UNSIGNED_BYTE_MAX = PackedWords.broadcast(0xff);

    private Packing() {}

    /** PACKSSWB: eight signed words to signed bytes. */
    public static long wordsToSignedBytes(long low, long high) {
        return squeezeWords(toSignedByteRange(low)) | squeezeWords(toSignedByteRange(high)) << 32;
    }

    private static long toSignedByteRange(long words) {
        return PackedWords.maxSigned(PackedWords.minSigned(words, BYTE_MAX), BYTE_MIN);
    }

    /** PACKUSWB: eight signed words to unsigned bytes. */
    public static long wordsToUnsignedBytes(long low, long high) {
        return squeezeWords(toUnsignedByteRange(low)) | squeezeWords(toUnsignedByteRange(high)) << 32;
    }

    private static long toUnsignedByteRange(long words) {
        return PackedWords.maxSigned(PackedWords.minSigned(words, UNSIGNED_BYTE_MAX), 0);
    }

    /** PACKSSDW: four signed dwords to signed words. */
    public static long dwordsToSignedWords(long low, long high) {
        return PackedWords.clamp((int) low) & 0xffffL
                | (PackedWords.clamp((int) (low >>> 32)) & 0xffffL) << 16
                | (PackedWords.clamp((int) high) & 0xffffL) << 32
                | (long) PackedWords.clamp((int) (high >>> 32)) << 48;
    }

    /** PACKUSDW: four signed dwords to unsigned words. */
    public static long dwordsToUnsignedWords(long low, long high) {
        return toUnsignedWord((int) low)
                | toUnsignedWord((int) (low >>> 32)) << 16
                | toUnsignedWord((int) high) << 32
                | toUnsignedWord((int) (high >>> 32)) << 48;
    }

    private static long toUnsignedWord(int value) {
        return Math.min(Math.max(value, 0), 0xffff);
    }

    /** The low bytes of four words, in the low half. */
    private static long squeezeWords(long words) {
        long x = words & EVEN_BYTES;
        x = (x | x >>> 8) & EVEN_WORDS;
        return (x | x >>> 16) & LOW_DWORD;
    }

    /** The low words of two dwords, in the low half. */
    static long squeezeDwords(long dwords) {
        return dwords & 0xffff | dwords >>> 16 & 0xffff_0000L;
    }

    /** Four bytes, each in a word: PMOVZXBW. */
    public static long widenBytes(int bytes) {
        long x = bytes & LOW_DWORD;
        x = (x | x << 16) & EVEN_WORDS;
        return (x | x << 8) & EVEN_BYTES;
    }

    /** Two words, each in a dword: PMOVZXWD. */
    public static long widenWords(int words) {
        return words & 0xffff | (words >>> 16 & 0xffffL) << 32;
    }

    /** PMOVSXBW of four bytes. */
    public static long widenSignedBytes(int bytes) {
        long sign = 0x0080_0080_0080_0080L;
        return PackedWords.subtract(widenBytes(bytes) ^ sign, sign);
    }

    /** PMOVSXWD of two words. */
    public static long widenSignedWords(int words) {
        return PackedDwords.pair((short) words, words >> 16);
    }

    /** PMOVZXBD of two bytes. */
    public static long widenBytesToDwords(int bytes) {
        return bytes & 0xff | (bytes >>> 8 & 0xffL) << 32;
    }

    /** PMOVSXBD of two bytes. */
    public static long widenSignedBytesToDwords(int bytes) {
        return PackedDwords.pair((byte) bytes, (byte) (bytes >>> 8));
    }

    /** PUNPCKLBW for the result's first long: bytes 0 to 3 of both. */
    public static long interleaveLowBytes(long a, long b) {
        return widenBytes((int) a) | widenBytes((int) b) << 8;
    }

    /** Bytes 4 to 7 of both: the second long of PUNPCKLBW, or MMX PUNPCKHBW. */
    public static long interleaveHighBytes(long a, long b) {
        return interleaveLowBytes(a >>> 32, b >>> 32);
    }

    /** PUNPCKLWD for the result's first long. */
    public static long interleaveLowWords(long a, long b) {
        return widenWords((int) a) | widenWords((int) b) << 16;
    }

    /** Words 2 and 3 of both. */
    public static long interleaveHighWords(long a, long b) {
        return interleaveLowWords(a >>> 32, b >>> 32);
    }

    /** PUNPCKLDQ for the result's first long. */
    public static long interleaveLowDwords(long a, long b) {
        return a & LOW_DWORD | b << 32;
    }

    /** Dwords 1 of both. */
    public static long interleaveHighDwords(long a, long b) {
        return a >>> 32 | b & ~LOW_DWORD;
    }
}
