package portcullis.machine.bus;

/** A wire into an interrupt controller. Level semantics: the controller looks for edges itself. Thread-safe. */
@FunctionalInterface
public interface InterruptLine {
    void set(boolean asserted);

    /** Asserts and releases: an edge. */
    default void pulse() {
        set(true);
        set(false);
    }
}
