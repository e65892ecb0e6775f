package portcullis.soft.fp.sse;

/**
 * MXCSR of one virtual CPU (SDM volume 1, 10.2.3), and the exceptions that the instruction under way has raised so far.
 */
public final class Mxcsr {
    public static final int IE = 1;
    public static final int DE = 1 << 1;
    public static final int ZE = 1 << 2;
    public static final int OE = 1 << 3;
    public static final int UE = 1 << 4;
    public static final int PE = 1 << 5;
    /** Denormal operands are zeros. */
    public static final int DAZ = 1 << 6;
    /** Tiny results are flushed to zero where underflow is masked. */
    public static final int FTZ = 1 << 15;

    /** Rounding control values, as in MXCSR bits 14:13 and in the immediate of ROUNDSS. */
    public static final int NEAREST = 0;

    public static final int DOWN = 1;
    public static final int UP = 2;
    public static final int TO_ZERO = 3;

    /** Value after reset and INIT: everything masked, round to nearest. */
    public static final int RESET = 0x1f80;
    /** Bits that LDMXCSR accepts; MXCSR_MASK of FXSAVE. Others are #GP(0). */
    public static final int WRITABLE = 0xffff;

    private static final int FLAGS = 0x3f;
    private static final int MASKS_SHIFT = 7;
    private static final int BEFORE_COMPUTATION = IE | DE | ZE;

    private int value;

    /** Flags raised by the instruction under way; most instructions raise none. */
    int raised;

    /** Rounding control is NEAREST: Java's arithmetic gives the result. */
    boolean nearest;

    /** {@link #nearest}, and an inexact result changes nothing: PE is masked and already set. */
    boolean nearestQuiet;

    public Mxcsr() {
        set(RESET);
    }

    public int get() {
        return value;
    }

    /** @param value of {@link #WRITABLE} bits; the caller has refused others */
    public void set(int value) {
        this.value = value & WRITABLE;
        raised = 0;
        nearest = rounding() == NEAREST;
        nearestQuiet = nearest && (value & PE) != 0 && masked(PE);
    }

    /** {@link #NEAREST}, {@link #DOWN}, {@link #UP} or {@link #TO_ZERO}. */
    public int rounding() {
        return value >>> 13 & 3;
    }

    boolean denormalsAreZeros() {
        return (value & DAZ) != 0;
    }

    boolean masked(int flag) {
        return (value >>> MASKS_SHIFT & flag) != 0;
    }

    boolean flushToZero() {
        return (value & FTZ) != 0;
    }

    void raise(int flags) {
        raised |= flags;
    }

    /** Whether {@link #settle} has anything to do. */
    public boolean hasRaised() {
        return raised != 0;
    }

    /**
     * Ends an instruction: the exceptions that it raised become sticky flags.
     *
     * @return whether one of them is unmasked. Then the destination stays as it was and the instruction raises #XM (#UD where
     *     CR4.OSXMMEXCPT is clear)
     */
    public boolean settle() {
        return raised != 0 && settleRaised();
    }

    /**
     * Ends one of the dependent steps of an instruction (DPPS: products, sums). Flags raised so far become sticky.
     *
     * @return whether an unmasked exception ends the instruction here; {@link #settle} then reports it
     */
    public boolean endsAtStep() {
        int flags = raised;
        boolean ends = settle();
        raised = ends ? flags : 0;
        return ends;
    }

    private boolean settleRaised() {
        int flags = raised;
        int unmasked = flags & ~(value >>> MASKS_SHIFT);
        if ((unmasked & BEFORE_COMPUTATION) != 0) {
            // No element of the operation is computed, so none can have overflowed or been rounded (SDM volume 1,
            // 11.5.4).
            flags &= BEFORE_COMPUTATION;
        }
        set(value | flags & FLAGS);
        return unmasked != 0;
    }
}
