package portcullis.hypervisor.synic;

/**
 * When a periodic timer is signalled next (TLFS timers.md, "Periodic Timers"), given that one signal comes late: because the host
 * was, or because the message slot was busy. Times in 100 ns units, unsigned.
 *
 * <p>A timer that missed a few periods gets them with half the period between them until it has caught up; what exceeds that is
 * skipped, and the phase kept. A lazy timer never catches up.
 *
 * @param expiry when it is due, by the guest's reckoning
 * @param alarm when it can be signalled: {@code expiry}, or later
 */
record TimerPeriod(long expiry, long alarm) {
    /** Periods that a timer makes up for. */
    static final int MAXIMUM_CATCH_UP = 4;

    /** A late lazy signal is skipped where the next is nearer than this part of a period. */
    private static final int SHORTLY_BEFORE = 8;

    /** No clock comes there. */
    static final long NEVER = -1;

    /** {@code time + more}, or {@link #NEVER} where that is more than 64 bits hold. */
    static long add(long time, long more) {
        long sum = time + more;
        return Long.compareUnsigned(sum, time) < 0 ? NEVER : sum;
    }

    /** The first one. */
    static TimerPeriod first(long now, long period) {
        long expiry = add(now, period);
        return new TimerPeriod(expiry, expiry);
    }

    /**
     * What follows a signal.
     *
     * @param expiry when it was due
     * @param now when it was given, {@code expiry} or later
     * @param period more than 0
     */
    static TimerPeriod after(long expiry, long now, long period, boolean lazy) {
        long next = add(expiry, period);
        if (Long.compareUnsigned(now, next) < 0) {
            return new TimerPeriod(next, next);
        }
        long missed = Long.divideUnsigned(now - next, period) + 1;
        if (!lazy && Long.compareUnsigned(missed, MAXIMUM_CATCH_UP) <= 0) {
            return new TimerPeriod(next, add(now, Math.max(period >>> 1, 1)));
        }
        // The next one after now: now - next has room for missed - 1 periods.
        long skipped = add(next + (missed - 1) * period, period);
        return new TimerPeriod(skipped, skipped);
    }

    /** Whether a signal that was due at {@code expiry} comes so late at {@code now} that a lazy timer leaves it out. */
    static boolean skippedByLazy(long expiry, long now, long period) {
        long intoPeriod = Long.remainderUnsigned(now - expiry, period);
        return Long.compareUnsigned(period - intoPeriod, Long.divideUnsigned(period, SHORTLY_BEFORE)) < 0;
    }
}
