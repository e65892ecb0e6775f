package portcullis.soft.simd.packed;

import static java.lang.Integer.rotateLeft;
import static java.lang.Integer.rotateRight;

/**
 * The SHA instructions (FIPS 180-4; SDM volume 2, SHA1* and SHA256*). Operands are pairs of longs, dword 0 in the low half of
 * the first; results go to the first two elements of {@code out}.
 */
public final class Sha {
    private static final int[] ROUND_CONSTANTS = {0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6};

    private Sha() {}

    /** SHA1RNDS4: four rounds of the kind that {@code function} bits 1:0 say. */
    public static void sha1FourRounds(long aLow, long aHigh, long bLow, long bHigh, int function, long[] out) {
        int a = (int) (aHigh >>> 32);
        int b = (int) aHigh;
        int c = (int) (aLow >>> 32);
        int d = (int) aLow;
        // E is added to the first message dword by SHA1NEXTE.
        int e = 0;
        for (int i = 0; i < 4; i++) {
            int message = PackedDwords.element(bLow, bHigh, 3 - i);
            int next = mix(b, c, d, function & 3) + rotateLeft(a, 5) + message + e + ROUND_CONSTANTS[function & 3];
            e = d;
            d = c;
            c = rotateLeft(b, 30);
            b = a;
            a = next;
        }
        out[0] = PackedDwords.pair(d, c);
        out[1] = PackedDwords.pair(b, a);
    }

    private static int mix(int b, int c, int d, int function) {
        return switch (function) {
            case 0 -> b & c ^ ~b & d;
            case 2 -> b & c ^ b & d ^ c & d;
            default -> b ^ c ^ d;
        };
    }

    /** SHA1NEXTE. */
    public static void sha1NextE(long aLow, long aHigh, long bLow, long bHigh, long[] out) {
        out[0] = bLow;
        out[1] = PackedDwords.pair((int) bHigh, (int) (bHigh >>> 32) + rotateLeft((int) (aHigh >>> 32), 30));
    }

    /** SHA1MSG1. */
    public static void sha1Message1(long aLow, long aHigh, long bLow, long bHigh, long[] out) {
        out[0] = aLow ^ bHigh;
        out[1] = aHigh ^ aLow;
    }

    /** SHA1MSG2. */
    public static void sha1Message2(long aLow, long aHigh, long bLow, long bHigh, long[] out) {
        int w16 = rotateLeft((int) (aHigh >>> 32) ^ (int) bHigh, 1);
        int w17 = rotateLeft((int) aHigh ^ (int) (bLow >>> 32), 1);
        int w18 = rotateLeft((int) (aLow >>> 32) ^ (int) bLow, 1);
        int w19 = rotateLeft((int) aLow ^ w16, 1);
        out[0] = PackedDwords.pair(w19, w18);
        out[1] = PackedDwords.pair(w17, w16);
    }

    /** SHA256RNDS2; {@code keys}: the low long of XMM0, message plus constant for two rounds. */
    public static void sha256TwoRounds(long aLow, long aHigh, long bLow, long bHigh, long keys, long[] out) {
        int a = (int) (bHigh >>> 32);
        int b = (int) bHigh;
        int c = (int) (aHigh >>> 32);
        int d = (int) aHigh;
        int e = (int) (bLow >>> 32);
        int f = (int) bLow;
        int g = (int) (aLow >>> 32);
        int h = (int) aLow;
        for (int i = 0; i < 2; i++) {
            int sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
            int sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
            int t = (e & f ^ ~e & g) + sum1 + (int) (keys >>> 32 * i) + h;
            int next = t + (a & b ^ a & c ^ b & c) + sum0;
            h = g;
            g = f;
            f = e;
            e = d + t;
            d = c;
            c = b;
            b = a;
            a = next;
        }
        out[0] = PackedDwords.pair(f, e);
        out[1] = PackedDwords.pair(b, a);
    }

    /** SHA256MSG1. */
    public static void sha256Message1(long aLow, long aHigh, long bLow, long bHigh, long[] out) {
        int w1 = (int) (aLow >>> 32);
        int w2 = (int) aHigh;
        int w3 = (int) (aHigh >>> 32);
        out[0] = PackedDwords.pair((int) aLow + sigma0(w1), w1 + sigma0(w2));
        out[1] = PackedDwords.pair(w2 + sigma0(w3), w3 + sigma0((int) bLow));
    }

    /** SHA256MSG2. */
    public static void sha256Message2(long aLow, long aHigh, long bLow, long bHigh, long[] out) {
        int w16 = (int) aLow + sigma1((int) bHigh);
        int w17 = (int) (aLow >>> 32) + sigma1((int) (bHigh >>> 32));
        out[0] = PackedDwords.pair(w16, w17);
        out[1] = PackedDwords.pair((int) aHigh + sigma1(w16), (int) (aHigh >>> 32) + sigma1(w17));
    }

    private static int sigma0(int x) {
        return rotateRight(x, 7) ^ rotateRight(x, 18) ^ x >>> 3;
    }

    private static int sigma1(int x) {
        return rotateRight(x, 17) ^ rotateRight(x, 19) ^ x >>> 10;
    }
}
