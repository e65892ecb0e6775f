package portcullis.soft.fp.x87;

/** Fields of the x87 status word (SDM volume 1, 8.1.3). */
public final class StatusWord {
    public static final int INVALID = 0x01;
    public static final int DENORMAL = 0x02;
    public static final int ZERO_DIVIDE = 0x04;
    public static final int OVERFLOW = 0x08;
    public static final int UNDERFLOW = 0x10;
    public static final int PRECISION = 0x20;
    /** The six exception flags. */
    public static final int EXCEPTIONS = 0x3f;

    public static final int STACK_FAULT = 0x40;
    public static final int ERROR_SUMMARY = 0x80;
    public static final int C0 = 0x100;
    public static final int C1 = 0x200;
    public static final int C2 = 0x400;
    public static final int TOP = 0x3800;
    public static final int TOP_SHIFT = 11;
    public static final int C3 = 0x4000;
    public static final int BUSY = 0x8000;
    public static final int CONDITIONS = C0 | C1 | C2 | C3;

    private StatusWord() {}
}
