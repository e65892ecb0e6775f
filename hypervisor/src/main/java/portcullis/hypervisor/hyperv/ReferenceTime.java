package portcullis.hypervisor.hyperv;

import java.math.BigInteger;
import portcullis.engine.Clock;

/**
 * Partition reference time: units of 100 ns since the partition was made (TLFS, "Timers"). The counter and the reference TSC
 * page give it by the same formula from the same ticks, so that a guest never sees the one ahead of the other.
 */
public final class ReferenceTime {
    private static final long UNITS_PER_SECOND = 10_000_000;
    /** What would be later never is: 146 years of nanoseconds. */
    private static final long LAST_TICK = Long.MAX_VALUE / 2;

    private final Clock clock;
    private final long scale;

    public ReferenceTime(Clock clock) {
        this.clock = clock;
        // 2^64 * units / frequency, rounded up: n * frequency / units ticks must give n units, not n - 1.
        scale = scaled(clock.frequency());
    }

    private static long scaled(long frequency) {
        BigInteger units = BigInteger.valueOf(UNITS_PER_SECOND).shiftLeft(64);
        BigInteger[] parts = units.divideAndRemainder(BigInteger.valueOf(frequency));
        return parts[0].add(parts[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE)
                .longValue();
    }

    /** Now, in 100 ns. */
    public long now() {
        return at(clock.ticks());
    }

    /** Reference time when the clock is at {@code ticks}. */
    public long at(long ticks) {
        return Math.unsignedMultiplyHigh(ticks, scale);
    }

    /** The earliest tick at which reference time is {@code units}. */
    public long ticksAt(long units) {
        long frequency = clock.frequency();
        long seconds = units / UNITS_PER_SECOND;
        if (seconds > LAST_TICK / frequency) {
            return Long.MAX_VALUE;
        }
        // The remainder is under a second: 10^7 times the frequency, which no clock has 10^11 of.
        long first = seconds * frequency + units % UNITS_PER_SECOND * frequency / UNITS_PER_SECOND;
        while (at(first) < units) {
            first++;
        }
        return first;
    }

    /** TscOffset of the reference TSC page. */
    public long offset() {
        return 0;
    }

    /** TscScale of the reference TSC page. */
    public long scale() {
        return scale;
    }
}
