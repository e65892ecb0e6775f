package portcullis.state;

/**
 * A saved state cannot be taken up: the file is damaged, is none, or belongs to another machine. The message is one line for the
 * user.
 */
public final class StateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StateException(String message) {
        super(message, null, false, false);
    }

    public StateException(String message, Throwable cause) {
        super(message, cause);
    }
}
