package portcullis.hypervisor.schedule;

/** Decides who runs next and for how long. Must depend on nothing but its own state, so that a run can be repeated. */
public interface Interleaving {
    /** Picks one of {@code candidates} VPs that can run, in the order of their indexes. @return 0 to {@code candidates} - 1 */
    int choose(int candidates);

    /** Instructions that the VP just chosen may execute before somebody is chosen again, 1 or more. */
    long budget();
}
