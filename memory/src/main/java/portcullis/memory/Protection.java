package portcullis.memory;

/**
 * What may be done with a page of guest physical memory, a bit each, with the values of the TLFS (vsm.md, "Memory Access
 * Protections"; datatypes/hv_map_gpa_flags.md, low four bits).
 */
public final class Protection {
    public static final int READ = 1;
    /** Counts only together with {@link #READ}: reading is part of many writes. */
    public static final int WRITE = 2;

    public static final int KERNEL_EXECUTE = 4;
    /** Counts only with mode based execute control, else {@link #KERNEL_EXECUTE} decides for all. */
    public static final int USER_EXECUTE = 8;

    public static final int NONE = 0;
    public static final int ALL = 15;

    private Protection() {}
}
