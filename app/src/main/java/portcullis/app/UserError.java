package portcullis.app;

/** Something the user gave cannot be used. The message is one line: what is wrong, then the remedy. */
final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UserError(String message) {
        super(message, null, false, false);
    }
}
