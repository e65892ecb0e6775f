package portcullis.soft.fp.x87;

/** The constants that FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ push, in the order of their opcodes D9 E8 to D9 EE. */
final class Constants {
    static final int COUNT = 7;

    // Significands cut off to 64 bits. All but 1 and 0 lie above them, and are rounded as the control word says.
    private static final long[] SIGNIFICANDS = {
        0x8000_0000_0000_0000L, // 1
        0xd49a_784b_cd1b_8afeL, // log2(10)
        0xb8aa_3b29_5c17_f0bbL, // log2(e)
        0xc90f_daa2_2168_c234L, // pi
        0x9a20_9a84_fbcf_f798L, // log10(2)
        0xb172_17f7_d1cf_79abL, // ln(2)
        0
    };
    private static final int[] EXPONENTS = {0x3fff, 0x4000, 0x3fff, 0x4000, 0x3ffd, 0x3ffe, 0};
    /** Whether what was cut off is more than half a unit. */
    private static final boolean[] NEARER_UP = {false, false, true, true, true, true, false};

    private static final boolean[] EXACT = {true, false, false, false, false, false, true};

    private Constants() {}

    static void load(X87Arithmetic fp, int index) {
        boolean up = !EXACT[index] && Rounding.increments(fp.control, false, false, NEARER_UP[index], true);
        fp.set(SIGNIFICANDS[index] + (up ? 1 : 0), EXPONENTS[index]);
    }
}
