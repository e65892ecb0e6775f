package portcullis.hypervisor.synic;

/** Where a partition's {@link Synic}s are found. Any thread. */
public interface SynicDirectory {
    /** How many VPs there are. */
    int processors();

    /** The SynIC of a trust level of a VP; null where there is no such VP, or the level is not enabled on it. */
    Synic synic(int vp, int vtl);
}
