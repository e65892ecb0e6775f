package portcullis.fuzz;

/** A rule does not hold. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    Violation(String what) {
        super(what);
    }

    Violation(String what, Throwable cause) {
        super(what, cause);
    }

    /** Which rule in which way, without the details: two of one kind are the same mistake. */
    String kind() {
        Throwable source = getCause() == null ? this : getCause();
        for (StackTraceElement frame : source.getStackTrace()) {
            if (!frame.getClassName().equals(Violation.class.getName())) {
                return source.getClass().getName() + " at " + frame;
            }
        }
        return source.getClass().getName();
    }

    static void require(boolean holds, String rule, Object... details) {
        if (!holds) {
            throw new Violation(rule.formatted(details));
        }
    }
}
