package portcullis.hypervisor.schedule;

import portcullis.state.Saved;

/**
 * Decides who runs next and for how long. Must depend on nothing but its own state and what it is told, so that a run can be
 * repeated. Per slice: {@link #choose}, {@link #budget}, {@link #ran}.
 */
public interface Interleaving extends Saved {
    /**
     * Picks one of the VPs that can run.
     *
     * @param ready their indexes, ascending, in the first {@code count} elements; reused by the caller
     * @param count 1 or more
     * @return a position in {@code ready}
     */
    int choose(int[] ready, int count);

    /** Instructions that the VP just chosen may execute before somebody is chosen again, 1 or more. */
    long budget();

    /**
     * What came of the slice.
     *
     * @param instructions that the VP executed; a few more than its budget where that ended inside a block
     * @param waits whether it executed PAUSE: it probably spins until somebody else does something
     */
    default void ran(long instructions, boolean waits) {}
}
