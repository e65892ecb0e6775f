package portcullis.hypervisor.time;

import portcullis.engine.Clock;

/** The host's monotonic clock at 1 GHz: a tick is a nanosecond. Can be stopped, and set. */
public final class HostClock implements Clock {
    public static final long FREQUENCY = 1_000_000_000L;
    private static final long RUNNING = Long.MIN_VALUE;

    /** Added to the host's time; written only while stopped. */
    private volatile long offset = -System.nanoTime();
    /** Where the clock stopped, or RUNNING. */
    private volatile long stoppedAt = RUNNING;

    /**
     * {@inheritDoc}
     *
     * <p>Never decreases for whoever is not in the middle of this call while the clock stops and goes on again: the VPs, which are
     * out of guest mode then.
     */
    @Override
    public long ticks() {
        long stopped = stoppedAt;
        return stopped == RUNNING ? System.nanoTime() + offset : stopped;
    }

    @Override
    public long frequency() {
        return FREQUENCY;
    }

    /** Stops the clock. */
    public synchronized void stop() {
        stoppedAt = ticks();
    }

    /** Goes on from where the clock stopped. */
    public synchronized void go() {
        if (stoppedAt != RUNNING) {
            offset = stoppedAt - System.nanoTime();
            stoppedAt = RUNNING;
        }
    }

    /** Sets a stopped clock: a machine restored from a file. @throws IllegalStateException where it runs */
    public synchronized void set(long ticks) {
        if (stoppedAt == RUNNING) {
            throw new IllegalStateException("the clock must be stopped to be set");
        }
        stoppedAt = ticks;
    }
}
