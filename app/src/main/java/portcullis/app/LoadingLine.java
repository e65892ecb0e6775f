package portcullis.app;

import portcullis.machine.loader.LoadProgress;

/** One line on a terminal that says how far loading has come, if that takes long enough for anybody to wonder. */
final class LoadingLine implements LoadProgress {
    private static final long PATIENCE_NANOS = 300_000_000;

    private final boolean terminal = Boolean.getBoolean("portcullis.terminal.messages");
    private long started;
    private boolean begun;
    private boolean shown;

    @Override
    public void progress(String file, long done, long total) {
        if (!begun) {
            begun = true;
            started = System.nanoTime();
        }
        if (terminal && System.nanoTime() - started > PATIENCE_NANOS) {
            shown = true;
            System.err.printf(
                    "\rportcullis: loading %s: %d of %d MiB\033[K", file, done >> 20, total + (1 << 20) - 1 >> 20);
        }
    }

    /** Clears the line. */
    void finish() {
        begun = false;
        if (shown) {
            shown = false;
            System.err.print("\r\033[K");
        }
    }
}
