package portcullis.machine.interrupt;

/** The INTR output of the 8259 pair, into LINT0 of local APICs or INTR of a processor without one. */
@FunctionalInterface
public interface InterruptOutput {
    /**
     * The output's level. An acknowledge cycle lowers it, if only for a moment, so that each request is an edge as well. Called on any
     * thread with no lock of the controller held, never two calls at once, the last call always with the newest level.
     */
    void set(boolean asserted);
}
