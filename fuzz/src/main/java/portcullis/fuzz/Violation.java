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

    static void require(boolean holds, String rule, Object... details) {
        if (!holds) {
            throw new Violation(rule.formatted(details));
        }
    }
}
