package portcullis.engine;

/**
 * A segment register with its hidden part.
 *
 * @param selector 16 bits
 * @param base linear address
 * @param limit in bytes, granularity applied: the highest valid offset, unsigned
 * @param attributes access rights as VMX lays them out (SDM 25.4.1, table 25-2): bits 3:0 type, 4 S, 6:5 DPL, 7 P, 12 AVL,
 *     13 L, 14 D/B, 15 G, 16 unusable
 */
public record Segment(int selector, long base, int limit, int attributes) {
    public static final int S = 1 << 4;
    public static final int P = 1 << 7;
    public static final int L = 1 << 13;
    public static final int DB = 1 << 14;
    public static final int G = 1 << 15;
    public static final int UNUSABLE = 1 << 16;

    public int type() {
        return attributes & 0xf;
    }

    public int dpl() {
        return attributes >>> 5 & 3;
    }
}
