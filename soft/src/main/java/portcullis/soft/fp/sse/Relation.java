package portcullis.soft.fp.sse;

/** Outcomes of a comparison, and the predicates of CMPSD and VCMPSD over them (SDM volume 2, table 3-1). */
public final class Relation {
    public static final int LESS = 0;
    public static final int EQUAL = 1;
    public static final int GREATER = 2;
    public static final int UNORDERED = 3;

    private static final int L = 1 << LESS;
    private static final int E = 1 << EQUAL;
    private static final int G = 1 << GREATER;
    private static final int U = 1 << UNORDERED;

    /** For predicates 0 to 15 the outcomes that satisfy them, 4 bits each; 16 to 31 differ only in what signals. */
    private static final long SATISFYING = predicates(
            E, L, L | E, U, L | G | U, E | G | U, G | U, L | E | G, E | U, L | U, L | E | U, 0, L | G, E | G, G, 15);

    /** Predicates that raise IE for quiet NaNs too: LT, LE and their like up to 15, the opposite from 16 on. */
    private static final int SIGNALLING = 0x9999_6666;

    private Relation() {}

    private static long predicates(int... outcomes) {
        long packed = 0;
        for (int i = 0; i < outcomes.length; i++) {
            packed |= (long) outcomes[i] << 4 * i;
        }
        return packed;
    }

    /** @param predicate 0 to 31; legacy encodings use the low 3 bits */
    public static boolean holds(int relation, int predicate) {
        return (SATISFYING >>> 4 * (predicate & 15) + relation & 1) != 0;
    }

    /** @param predicate 0 to 31 */
    public static boolean signalsQuiet(int predicate) {
        return (SIGNALLING >>> predicate & 1) != 0;
    }
}
