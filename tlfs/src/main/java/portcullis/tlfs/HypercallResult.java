package portcullis.tlfs;

/**
 * The hypercall result value, in RAX (64-bit callers) or EDX:EAX. Bits 31:16 and 63:44 are to be ignored by callers.
 *
 * <p>Source: TLFS hypercall-interface.md, "Hypercall Outputs".
 *
 * @param asUint64 the 64 bits as the caller gets them
 */
public record HypercallResult(long asUint64) {
    /** Bits 15:0: an {@link HvStatus}. */
    public static final int STATUS_MASK = 0xFFFF;
    /** Bits 43:32: repetitions completed since the beginning, not since the start index. */
    public static final int REPS_COMPLETED_SHIFT = 32;

    public static final int REPS_COMPLETED_MASK = 0xFFF;

    /**
     * @param status an {@link HvStatus}
     * @param repsCompleted elements completed, counted from the first of the list; 0 for a simple call
     */
    public static HypercallResult of(int status, int repsCompleted) {
        return new HypercallResult(
                (status & STATUS_MASK) | (long) (repsCompleted & REPS_COMPLETED_MASK) << REPS_COMPLETED_SHIFT);
    }

    public int status() {
        return (int) asUint64 & STATUS_MASK;
    }

    public int repsCompleted() {
        return (int) (asUint64 >>> REPS_COMPLETED_SHIFT) & REPS_COMPLETED_MASK;
    }
}
