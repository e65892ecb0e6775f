package portcullis.host;

/** A machine cannot be made of what it was given: a file that is gone or is no kernel, say. The message is one line with the remedy. */
public final class MachineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MachineException(String message, Throwable cause) {
        super(message, cause);
    }
}
