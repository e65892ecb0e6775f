package portcullis.machine.config;

/** What makes a machine's time pass (DESIGN.md 3, "Time"). */
public sealed interface TimeSource {
    /** The host's clock; a thread a processor. */
    record Host() implements TimeSource {}

    /** Instructions retired; one thread, whose interleaving of the processors follows from the seed. */
    record Virtual(long seed) implements TimeSource {}
}
