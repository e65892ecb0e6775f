package portcullis.host;

/**
 * A run has not come to what it was to run until: a limit was met, it ended in another way, or nothing can happen any more. The machine is
 * paused (or its run has ended) and can be looked into; where it is paused another {@link Machine#run} goes on.
 *
 * <p>The message has the diagnosis: many lines.
 */
public final class NotReachedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Diagnosis diagnosis;

    NotReachedException(Diagnosis diagnosis, Throwable cause) {
        super(diagnosis.toString(), cause);
        this.diagnosis = diagnosis;
    }

    /** What the machine was about. */
    public Diagnosis diagnosis() {
        return diagnosis;
    }
}
