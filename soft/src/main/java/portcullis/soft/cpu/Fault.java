package portcullis.soft.cpu;

/**
 * A guest fault on its way from an instruction to the interrupt descriptor table. One instance a CPU, without a stack trace:
 * guests cause millions of them.
 */
public final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public static final int DE = 0;
    public static final int DB = 1;
    public static final int NMI = 2;
    public static final int BP = 3;
    public static final int OF = 4;
    public static final int BR = 5;
    public static final int UD = 6;
    public static final int NM = 7;
    public static final int DF = 8;
    public static final int TS = 10;
    public static final int NP = 11;
    public static final int SS = 12;
    public static final int GP = 13;
    public static final int PF = 14;
    public static final int MF = 16;
    public static final int AC = 17;
    public static final int XM = 19;

    public int vector;
    public boolean hasErrorCode;
    public int errorCode;
    /** The linear address was not canonical: #SS instead of #GP for stack accesses. */
    boolean nonCanonical;
    /** A trap (#DB, #BP by INT3...): RIP is behind the instruction already. */
    public boolean trap;

    /** Raised behind the commit point of a task switch: RIP is the new task's already. */
    public boolean taskSwitched;

    /** Raised by a non-canonical address. */
    public boolean isNonCanonical() {
        return nonCanonical;
    }

    Fault() {
        super(null, null, false, false);
    }
}
