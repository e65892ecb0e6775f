package portcullis.machine.interrupt;

/** The INTR output of the 8259 pair, into LINT0 of local APICs or INTR of a processor without one. */
@FunctionalInterface
public interface InterruptOutput {
    /**
     * The output's level; a level, not events: it stays high, without another call, as long as the controller has anything to
     * deliver, and whoever has acknowledged one interrupt looks at the level again. Called on any thread with no lock of the
     * controller held, never two calls at once, the last call always with the newest level.
     */
    void set(boolean asserted);
}
