package portcullis.soft.fp.x87;

/** Fields of the x87 control word (SDM volume 1, 8.1.5). */
public final class ControlWord {
    /** Exception masks, in the order of the status word's flags. */
    public static final int MASKS = 0x3f;

    public static final int PRECISION = 0x300;
    public static final int PRECISION_SINGLE = 0x000;
    public static final int PRECISION_DOUBLE = 0x200;
    public static final int PRECISION_EXTENDED = 0x300;
    public static final int ROUNDING = 0xc00;
    public static final int ROUND_NEAREST = 0x000;
    public static final int ROUND_DOWN = 0x400;
    public static final int ROUND_UP = 0x800;
    public static final int ROUND_TO_ZERO = 0xc00;
    /** Infinity control: kept, without effect. */
    public static final int INFINITY_CONTROL = 0x1000;
    /** The value after FNINIT. */
    public static final int INITIAL = 0x37f;

    private ControlWord() {}

    /** Bits of significand that FADD, FSUB, FMUL, FDIV and FSQRT round to. The reserved encoding 01 counts as extended. */
    static int precisionBits(int control) {
        return switch (control & PRECISION) {
            case PRECISION_SINGLE -> 24;
            case PRECISION_DOUBLE -> 53;
            default -> 64;
        };
    }
}
