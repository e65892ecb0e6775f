package portcullis.hypervisor.gate;

/** Who owns a {@link FlushPass} and is told that its wait is over. */
@FunctionalInterface
public interface SuspensionListener {
    /**
     * The wait may be over: have the owner's thread call {@link FlushPass#acknowledge} and go on where {@link FlushPass#suspended}
     * says no. Called by whoever lifts, on its thread, before lift returns; must not wait. May come late, or once too often.
     *
     * @param gate whose gate has opened
     */
    void resumed(int gate);
}
