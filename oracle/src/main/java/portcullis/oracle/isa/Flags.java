package portcullis.oracle.isa;

/** The status flags as bits of RFLAGS, and what conditions read. */
public final class Flags {
    public static final int C = 1;
    public static final int P = 1 << 2;
    public static final int A = 1 << 4;
    public static final int Z = 1 << 6;
    public static final int S = 1 << 7;
    public static final int D = 1 << 10;
    public static final int O = 1 << 11;
    public static final int STATUS = C | P | A | Z | S | O;

    /** Flags that conditions 0 to 15 read, by condition / 2 (SDM volume 1, appendix B). */
    private static final int[] CONDITION = {O, C, Z, C | Z, S, P, S | O, Z | S | O};

    private Flags() {}

    /** Flags that a condition reads; {@code condition} is 0 to 15 as encoded in Jcc. */
    public static int ofCondition(int condition) {
        return CONDITION[condition >> 1];
    }

    static int parse(String letters) {
        int flags = 0;
        for (char letter : letters.toCharArray()) {
            flags |= switch (letter) {
                case 'C' -> C;
                case 'P' -> P;
                case 'A' -> A;
                case 'Z' -> Z;
                case 'S' -> S;
                case 'O' -> O;
                default -> throw new IllegalArgumentException("no flag " + letter);
            };
        }
        return flags;
    }
}
