package portcullis.hypervisor.trace;

import java.util.concurrent.atomic.AtomicInteger;
import portcullis.engine.Clock;

/** A partition as a source of events: its number and its time. */
public final class PartitionTrace {
    private static final long NANOS = 1_000_000_000L;
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final int number = NEXT.getAndIncrement();
    private final Clock clock;
    private final long frequency;

    public PartitionTrace(Clock clock) {
        this.clock = clock;
        frequency = clock.frequency();
    }

    /** Counts the partitions of this process, from 0. */
    public int number() {
        return number;
    }

    /** The trace of one VP. */
    public VpTrace vp(int index) {
        return new VpTrace(this, index);
    }

    /** Guest time in nanoseconds. */
    long now() {
        long ticks = clock.ticks();
        return frequency == NANOS ? ticks : ticks / frequency * NANOS + ticks % frequency * NANOS / frequency;
    }
}
