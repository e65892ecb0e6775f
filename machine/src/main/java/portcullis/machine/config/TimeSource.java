package portcullis.machine.config;

import portcullis.hypervisor.schedule.Schedule;

/** What makes a machine's time pass (DESIGN.md 3, "Time"). */
public sealed interface TimeSource {
    /** The host's clock; a thread a processor. */
    record Host() implements TimeSource {}

    /**
     * Instructions retired; one thread, whose interleaving of the processors follows from the seed.
     *
     * @param schedule what kind of interleaving
     * @param limit the run ends when so many nanoseconds of guest time have passed; {@link #NO_LIMIT}
     * @param inhibits the host inhibits and lifts flushes of processors at random, about every so many nanoseconds; 0 for never
     */
    record Virtual(long seed, Schedule schedule, long limit, long inhibits) implements TimeSource {
        public static final long NO_LIMIT = Long.MAX_VALUE;

        /** A random walk without limit and inhibits. */
        public Virtual(long seed) {
            this(seed, Schedule.DEFAULT, NO_LIMIT, 0);
        }
    }
}
