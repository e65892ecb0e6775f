package portcullis.machine.loader;

/** What the user wants to boot cannot be loaded. The message is one line: which file, what is wrong, the remedy. */
public final class LoadException extends Exception {
    private static final long serialVersionUID = 1L;

    public LoadException(String message) {
        super(message);
    }

    public LoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
