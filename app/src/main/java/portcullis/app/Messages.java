package portcullis.app;

import java.io.PrintStream;

/** What Portcullis itself says, on standard error. */
final class Messages {
    private Messages() {}

    static void say(String message) {
        System.err.println("portcullis: " + message);
    }

    /** A fault of ours: everything that helps to find it. */
    static void fault(String where, Throwable cause) {
        PrintStream out = System.err;
        say("internal error " + where + ". This is a bug; please report it with what follows.");
        cause.printStackTrace(out);
    }
}
