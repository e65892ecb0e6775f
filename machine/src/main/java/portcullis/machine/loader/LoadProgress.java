package portcullis.machine.loader;

/** Is told how far loading has come, about once a MiB. */
@FunctionalInterface
public interface LoadProgress {
    /** Tells nobody. */
    LoadProgress NONE = (file, done, total) -> {};

    /**
     * @param file name of the file that is being read
     * @param done bytes placed in guest memory so far
     * @param total bytes to place
     */
    void progress(String file, long done, long total);
}
