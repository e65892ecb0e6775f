package portcullis.engine;

/** Where guests' time comes from: the host's clock, or instructions retired (DESIGN.md 3, "Time"). */
public interface Clock {
    /** Ticks of the invariant time-stamp counter since the partition was made; never decreases. Any thread. */
    long ticks();

    /** Ticks a second. */
    long frequency();
}
