package portcullis.soft.decode;

/** The parts of a processor's state that change what bytes mean, as bits: decoded code is valid for one value only. */
public final class Mode {
    /** Bits 1:0, default operand and address size: 0 is 16, 1 is 32, 2 is 64 bits. */
    public static final int CODE_SIZE = 3;

    public static final int CODE16 = 0;
    public static final int CODE32 = 1;
    public static final int CODE64 = 2;
    /** Stack pointer is 32 bits wide outside 64-bit mode (SS.B). */
    public static final int STACK32 = 1 << 2;
    /** Protected mode and not virtual-8086 mode: selectors are descriptors. */
    public static final int PROTECTED = 1 << 3;
    /** Long mode is active (64-bit or compatibility mode). */
    public static final int LONG = 1 << 4;
    /** Virtual-8086 mode. */
    public static final int V86 = 1 << 5;

    private Mode() {}
}
