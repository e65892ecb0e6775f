package portcullis.soft.simd.packed;

/**
 * The AES instructions (FIPS 197; SDM volume 1, 12.13). A state is two longs; its column {@code j} is dword {@code j}, row
 * {@code r} the dword's byte {@code r}. Each method gives one long of the result.
 */
public final class Aes {
    private static final byte[] SBOX = new byte[256];
    private static final byte[] INVERSE_SBOX = new byte[256];
    /** What a row-0 byte adds to its column in SubBytes and MixColumns; the other rows' are rotations. */
    private static final int[] ENCRYPT = new int[256];

    private static final int[] DECRYPT = new int[256];

    static {
        // Powers of the generator 3 and of its inverse run through all field elements but 0.
        int p = 1;
        int q = 1;
        do {
            p = times(p, 3);
            q = times(q, 0xf6);
            int s = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63;
            SBOX[p] = (byte) s;
        } while (p != 1);
        SBOX[0] = 0x63;
        for (int i = 0; i < 256; i++) {
            int s = SBOX[i] & 0xff;
            INVERSE_SBOX[s] = (byte) i;
            ENCRYPT[i] = times(s, 2) | s << 8 | s << 16 | times(s, 3) << 24;
        }
        for (int i = 0; i < 256; i++) {
            int s = INVERSE_SBOX[i] & 0xff;
            DECRYPT[i] = times(s, 14) | times(s, 9) << 8 | times(s, 13) << 16 | times(s, 11) << 24;
        }
    }

    private Aes() {}

    private static int rotate(int octet, int count) {
        return (octet << count | octet >>> 8 - count) & 0xff;
    }

    /** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
    private static int times(int a, int b) {
        int product = 0;
        for (int bits = b; bits != 0; bits >>>= 1) {
            product ^= (bits & 1) != 0 ? a : 0;
            a = a << 1 ^ ((a & 0x80) != 0 ? 0x11b : 0);
        }
        return product;
    }

    /** AESENC before the key is added; {@code low}, {@code high}: the state. */
    public static long encryptLow(long low, long high) {
        return encryptTwoColumns(low, high);
    }

    /** The other long of {@link #encryptLow}. */
    public static long encryptHigh(long low, long high) {
        return encryptTwoColumns(high, low);
    }

    // ShiftRows takes row r of column j from column j + r: with the longs exchanged the same code serves columns 2 and
    // 3.

    private static long encryptTwoColumns(long near, long far) {
        int first = ENCRYPT[octet(near, 0)]
                ^ Integer.rotateLeft(ENCRYPT[octet(near, 5)], 8)
                ^ Integer.rotateLeft(ENCRYPT[octet(far, 2)], 16)
                ^ Integer.rotateLeft(ENCRYPT[octet(far, 7)], 24);
        int second = ENCRYPT[octet(near, 4)]
                ^ Integer.rotateLeft(ENCRYPT[octet(far, 1)], 8)
                ^ Integer.rotateLeft(ENCRYPT[octet(far, 6)], 16)
                ^ Integer.rotateLeft(ENCRYPT[octet(near, 3)], 24);
        return PackedDwords.pair(first, second);
    }

    /** AESENCLAST before the key is added. */
    public static long encryptLastLow(long low, long high) {
        return substituteTwoColumns(SBOX, low, high);
    }

    /** The other long of {@link #encryptLastLow}. */
    public static long encryptLastHigh(long low, long high) {
        return substituteTwoColumns(SBOX, high, low);
    }

    private static long substituteTwoColumns(byte[] box, long near, long far) {
        int first = word(box, octet(near, 0), octet(near, 5), octet(far, 2), octet(far, 7));
        int second = word(box, octet(near, 4), octet(far, 1), octet(far, 6), octet(near, 3));
        return PackedDwords.pair(first, second);
    }

    /** AESDEC before the key is added. */
    public static long decryptLow(long low, long high) {
        return decryptTwoColumns(low, high);
    }

    /** The other long of {@link #decryptLow}. */
    public static long decryptHigh(long low, long high) {
        return decryptTwoColumns(high, low);
    }

    private static long decryptTwoColumns(long near, long far) {
        int first = DECRYPT[octet(near, 0)]
                ^ Integer.rotateLeft(DECRYPT[octet(far, 5)], 8)
                ^ Integer.rotateLeft(DECRYPT[octet(far, 2)], 16)
                ^ Integer.rotateLeft(DECRYPT[octet(near, 7)], 24);
        int second = DECRYPT[octet(near, 4)]
                ^ Integer.rotateLeft(DECRYPT[octet(near, 1)], 8)
                ^ Integer.rotateLeft(DECRYPT[octet(far, 6)], 16)
                ^ Integer.rotateLeft(DECRYPT[octet(far, 3)], 24);
        return PackedDwords.pair(first, second);
    }

    /** AESDECLAST before the key is added. */
    public static long decryptLastLow(long low, long high) {
        return restoreTwoColumns(low, high);
    }

    /** The other long of {@link #decryptLastLow}. */
    public static long decryptLastHigh(long low, long high) {
        return restoreTwoColumns(high, low);
    }

    private static long restoreTwoColumns(long near, long far) {
        int first = word(INVERSE_SBOX, octet(near, 0), octet(far, 5), octet(far, 2), octet(near, 7));
        int second = word(INVERSE_SBOX, octet(near, 4), octet(near, 1), octet(far, 6), octet(far, 3));
        return PackedDwords.pair(first, second);
    }

    /** AESIMC, one long at a time. */
    public static long inverseMixColumns(long columns) {
        return PackedDwords.pair(inverseMixColumn((int) columns), inverseMixColumn((int) (columns >>> 32)));
    }

    private static int inverseMixColumn(int column) {
        // DECRYPT substitutes first: hand it the substituted byte's original.
        return DECRYPT[SBOX[column & 0xff] & 0xff]
                ^ Integer.rotateLeft(DECRYPT[SBOX[column >>> 8 & 0xff] & 0xff], 8)
                ^ Integer.rotateLeft(DECRYPT[SBOX[column >>> 16 & 0xff] & 0xff], 16)
                ^ Integer.rotateLeft(DECRYPT[SBOX[column >>> 24] & 0xff], 24);
    }

    /** AESKEYGENASSIST: from dword 1 of a long of the source, that long of the result. */
    public static long keyGenerationAssist(long source, int roundConstant) {
        int word = (int) (source >>> 32);
        int substituted = word(SBOX, word & 0xff, word >>> 8 & 0xff, word >>> 16 & 0xff, word >>> 24);
        return PackedDwords.pair(substituted, Integer.rotateRight(substituted, 8) ^ roundConstant & 0xff);
    }

    private static int word(byte[] box, int b0, int b1, int b2, int b3) {
        return box[b0] & 0xff | (box[b1] & 0xff) << 8 | (box[b2] & 0xff) << 16 | box[b3] << 24;
    }

    private static int octet(long value, int index) {
        return (int) (value >>> 8 * index) & 0xff;
    }
}
