package portcullis.hypervisor.trace.jfr;

/** A file is no trace that can be read. The message, a clause about the file, says why. */
public final class TraceFormatException extends Exception {
    private static final long serialVersionUID = 1L;

    TraceFormatException(String message) {
        super(message);
    }
}
