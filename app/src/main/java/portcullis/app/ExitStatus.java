package portcullis.app;

/** What the process ends with. A guest may ask for others through isa-debug-exit. */
final class ExitStatus {
    /** All went well. */
    static final int SUCCESS = 0;
    /** Portcullis itself failed: a bug, or a host that lacks something. */
    static final int INTERNAL = 1;
    /** Something the user gave cannot be used; the message says what and what to do. */
    static final int BAD_INPUT = 2;
    /** A virtual processor shut down by triple fault. */
    static final int TRIPLE_FAULT = 3;

    /** By virtual time: every processor waits for something that cannot come. */
    static final int STALLED = 4;

    /** The guest says, through the assertion port, that what it asserts does not hold. */
    static final int ASSERTION_FAILED = 5;

    /** By virtual time: the limit that --limit sets was reached. */
    static final int ENDLESS = 6;

    /** 'explore' has found a seed whose run fails. */
    static final int FOUND = 7;

    /** 'explore merge' found no seed that fails, and some that were not run. */
    static final int INCOMPLETE = 8;

    private ExitStatus() {}
}
