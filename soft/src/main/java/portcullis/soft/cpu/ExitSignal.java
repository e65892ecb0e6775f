package portcullis.soft.cpu;

/**
 * Leaves the instruction that is executing. Preallocated instances, without a stack trace.
 */
public final class ExitSignal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What becomes of the instruction. */
    public enum Completion {
        /** It has not happened; it is executed again, with the answers collected so far replayed. */
        REPLAY,
        /** It is complete, its successor's address is in RIP. */
        DONE,
        /** It would change code of its own block: execute it alone, then look up code again. Never leaves the interpreter. */
        ALONE
    }

    final Completion completion;

    ExitSignal(Completion completion) {
        super(null, null, false, false);
        this.completion = completion;
    }
}
