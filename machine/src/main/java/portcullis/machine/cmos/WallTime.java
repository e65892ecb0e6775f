package portcullis.machine.cmos;

import java.util.function.LongSupplier;
import portcullis.hypervisor.time.Alarms;
import portcullis.machine.timer.TickScale;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The time of day in nanoseconds since 1970: the phase comes from the clock's ticks, so that alarms and polling agree on it; the host's
 * wall clock is asked each time, and followed in one step when the two are a second or more apart (the host slept, the guest was paused,
 * somebody set the host's clock).
 */
final class WallTime {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long STEP = 1_000_000_000;

    private final Alarms alarms;
    private final LongSupplier epochMillis;
    private final TickScale scale;
    private long base;

    WallTime(Alarms alarms, LongSupplier epochMillis) {
        this.alarms = alarms;
        this.epochMillis = epochMillis;
        scale = new TickScale(alarms.clock().frequency(), 1_000_000_000);
        base = epochMillis.getAsLong() * NANOS_PER_MILLI - sinceStart();
    }

    private long sinceStart() {
        return scale.unitsAt(alarms.clock().ticks());
    }

    long nanos() {
        long now = base + sinceStart();
        long error = epochMillis.getAsLong() * NANOS_PER_MILLI - now;
        if (error >= STEP || error <= -STEP) {
            base += error;
            now += error;
        }
        return now;
    }

    /** The tick at which it will be {@code nanos}, if nothing steps. */
    long tickOf(long nanos) {
        return scale.ticksOf(Math.max(0, nanos - base));
    }

    void save(StateWriter out) {
        out.putLong(base);
    }

    /** Where the wall clock has gone on meanwhile, the next look steps. */
    void restore(StateReader in) {
        base = in.getLong();
    }
}
