package portcullis.app.demo;

/** The demonstration cannot go on. The message is one line: what was waited for, or how the guest ended. */
public final class DemoException extends Exception {
    private static final long serialVersionUID = 1L;

    DemoException(String message) {
        super(message, null, false, false);
    }
}
