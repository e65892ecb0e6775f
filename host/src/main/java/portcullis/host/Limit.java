package portcullis.host;

import java.time.Duration;

/**
 * How long a run may take before it is given up. Whichever comes first.
 *
 * @param guestTime of the guest, in nanoseconds; {@link #UNLIMITED} for any. By virtual time the run is given up at the same instruction
 *     each time
 * @param hostTime of the host, in nanoseconds; {@link #UNLIMITED} for any. A safety net: where it is met says nothing about the guest
 */
public record Limit(long guestTime, long hostTime) {
    public static final long UNLIMITED = Long.MAX_VALUE;

    /**
     * What holds where nothing else is said: a minute of the guest's time, a minute of the host's. By virtual time a guest that only
     * sleeps is given up soon: its time is skipped.
     */
    public static final Limit DEFAULT =
            new Limit(Duration.ofMinutes(1).toNanos(), Duration.ofMinutes(1).toNanos());

    /** For who watches over the run by other means. */
    public static final Limit NONE = new Limit(UNLIMITED, UNLIMITED);

    /** @throws IllegalArgumentException for a limit that is over before it begins */
    public Limit {
        if (guestTime <= 0 || hostTime <= 0) {
            throw new IllegalArgumentException(
                    "a limit is 1 nanosecond at least, not %d and %d; say Limit.NONE for none"
                            .formatted(guestTime, hostTime));
        }
    }

    /** Of the host's time alone. */
    public static Limit host(Duration time) {
        return new Limit(UNLIMITED, time.toNanos());
    }

    /** Of the guest's time, and a minute of the host's. */
    public static Limit guest(Duration time) {
        return new Limit(time.toNanos(), DEFAULT.hostTime);
    }

    /** By virtual time, where an instruction takes a nanosecond: about so many instructions, and a minute of the host's time. */
    public static Limit instructions(long count) {
        return new Limit(count, DEFAULT.hostTime);
    }

    /** This one, with another limit to the host's time. */
    public Limit withHost(Duration time) {
        return new Limit(guestTime, time.toNanos());
    }
}
