package portcullis.hypervisor.synic;

import portcullis.engine.Clock;

/**
 * The partition's reference time (TLFS timers.md): 100 ns units since the partition was made, unsigned. Guest time in the unit that
 * guests count it in.
 */
final class ReferenceTime {
    /** No clock comes there. */
    static final long NEVER = -1;

    private static final int TICKS_PER_UNIT = 100;
    private static final long NANOS = 1_000_000_000L;

    private final Clock clock;

    ReferenceTime(Clock clock) {
        if (clock.frequency() != NANOS) {
            throw new IllegalArgumentException("guest time is in nanoseconds, not at " + clock.frequency() + " Hz");
        }
        this.clock = clock;
    }

    long now() {
        return clock.ticks() / TICKS_PER_UNIT;
    }

    /** The tick at which {@code time} has come; Long.MAX_VALUE where the clock cannot come there. */
    static long ticks(long time) {
        return Long.compareUnsigned(time, Long.MAX_VALUE / TICKS_PER_UNIT) > 0 ? Long.MAX_VALUE : time * TICKS_PER_UNIT;
    }

    /** {@code time + more}, or {@link #NEVER} where that is more than 64 bits hold. */
    static long add(long time, long more) {
        long sum = time + more;
        return Long.compareUnsigned(sum, time) < 0 ? NEVER : sum;
    }

    /** From {@code earlier} to {@code later}, in ticks, 0 where it is not later. */
    static long ticksBetween(long earlier, long later) {
        return Long.compareUnsigned(later, earlier) <= 0 ? 0 : ticks(later - earlier);
    }
}
