package portcullis.hypervisor.apic;

import portcullis.engine.Clock;
import portcullis.hypervisor.time.Alarm;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The local APIC's timer (SDM 10.5.4): counts clock ticks through a divider, or waits for a TSC value. Every method is called
 * under the APIC's lock.
 *
 * <p>Nothing ticks: the state is when the count will reach zero, and the count is worked out when it is read.
 */
final class ApicTimer {
    enum Mode {
        ONE_SHOT,
        PERIODIC,
        TSC_DEADLINE
    }

    /**
     * Alarms of a periodic timer are at least this far apart, in ticks. A guest that asks for less gets its interrupts merged, as
     * it would where they came faster than they could be taken, and does not get the host's timer thread for itself.
     */
    static final long MINIMUM_ALARM_INTERVAL = 10_000;

    private final Clock clock;
    private final Alarm alarm;
    private Mode mode = Mode.ONE_SHOT;
    private int initialCount;
    private int divideConfiguration;
    private int divisor = 2;
    private boolean running;
    /** Tick at which the count reaches zero; meaningful while running. */
    private long expiry;
    /** IA32_TSC_DEADLINE as the guest wrote it; 0 when disarmed. */
    private long guestDeadline;

    ApicTimer(Clock clock, Alarm alarm) {
        this.clock = clock;
        this.alarm = alarm;
    }

    void reset() {
        mode = Mode.ONE_SHOT;
        initialCount = 0;
        divideConfiguration = 0;
        divisor = 2;
        disarm();
    }

    private void disarm() {
        running = false;
        guestDeadline = 0;
        alarm.clear();
    }

    int initialCount() {
        return initialCount;
    }

    int divideConfiguration() {
        return divideConfiguration;
    }

    long guestDeadline() {
        return guestDeadline;
    }

    Mode mode() {
        return mode;
    }

    /** Starts, restarts or (0) stops the count. Ignored in TSC-deadline mode. */
    void writeInitialCount(int count) {
        if (mode == Mode.TSC_DEADLINE) {
            return;
        }
        initialCount = count;
        if (count == 0) {
            disarm();
            return;
        }
        running = true;
        expiry = clock.ticks() + period();
        alarm.set(expiry);
    }

    private long period() {
        return Integer.toUnsignedLong(initialCount) * divisor;
    }

    /** The count left, rounded up, so that it is zero only when it has expired. */
    int currentCount() {
        if (!running || mode == Mode.TSC_DEADLINE) {
            return 0;
        }
        long left = expiry - clock.ticks();
        if (left <= 0) {
            // The alarm is late. A periodic count has been reloaded meanwhile.
            if (mode == Mode.ONE_SHOT) {
                return 0;
            }
            left = period() - -left % period();
        }
        return (int) ((left + divisor - 1) / divisor);
    }

    /** Divides by 2, 4, 8, ... 128, 1 from now on (SDM figure 10-10); the count that is left stays. */
    void writeDivideConfiguration(int value) {
        int count = currentCount();
        divideConfiguration = value & 0xb;
        int shift = ((divideConfiguration >>> 1 & 4 | divideConfiguration & 3) + 1) & 7;
        divisor = 1 << shift;
        if (running && mode != Mode.TSC_DEADLINE) {
            expiry = clock.ticks() + Integer.toUnsignedLong(count) * divisor;
            alarm.set(expiry);
        }
    }

    /**
     * Changes the mode. One-shot and periodic keep the count; into and out of TSC-deadline mode disarms (SDM 10.5.4.1).
     *
     * @return whether the count expired before the change: the caller delivers the interrupt
     */
    boolean setMode(Mode wanted) {
        if (wanted == mode) {
            return false;
        }
        boolean expired = expire();
        if (wanted == Mode.TSC_DEADLINE || mode == Mode.TSC_DEADLINE) {
            disarm();
            initialCount = 0;
        }
        mode = wanted;
        if (running) {
            // A periodic alarm may be later than the count's end.
            alarm.set(expiry);
        }
        return expired;
    }

    /**
     * Writes IA32_TSC_DEADLINE, in TSC-deadline mode.
     *
     * @param guestValue as written; 0 disarms
     * @param guestTsc the guest's time-stamp counter now
     * @return whether it has passed already: the caller delivers the interrupt
     */
    boolean writeDeadline(long guestValue, long guestTsc) {
        disarm();
        if (guestValue == 0) {
            return false;
        }
        guestDeadline = guestValue;
        running = true;
        long now = clock.ticks();
        long ahead = Long.compareUnsigned(guestValue, guestTsc) <= 0 ? 0 : guestValue - guestTsc;
        expiry = ahead < 0 || now + ahead < 0 ? Long.MAX_VALUE : now + ahead;
        if (expire()) {
            return true;
        }
        alarm.set(expiry);
        return false;
    }

    /** Notes that the count has run out, if it has. @return whether: the caller delivers the interrupt */
    boolean expire() {
        if (!running) {
            return false;
        }
        long now = clock.ticks();
        if (now < expiry) {
            return false;
        }
        if (mode == Mode.PERIODIC) {
            long period = period();
            expiry += ((now - expiry) / period + 1) * period;
            alarm.set(Math.max(expiry, now + MINIMUM_ALARM_INTERVAL));
        } else {
            running = false;
            guestDeadline = 0;
        }
        return true;
    }

    /** The alarm is saved with all others. */
    void save(StateWriter out) {
        out.putEnum(mode);
        out.putInt(initialCount);
        out.putInt(divideConfiguration);
        out.putInt(divisor);
        out.putBoolean(running);
        out.putLong(expiry);
        out.putLong(guestDeadline);
    }

    void restore(StateReader in) {
        mode = in.getEnum(Mode.class);
        initialCount = in.getInt();
        divideConfiguration = in.getInt();
        divisor = in.getInt(1, 128);
        running = in.getBoolean();
        expiry = in.getLong();
        guestDeadline = in.getLong();
        if (running && mode == Mode.PERIODIC && initialCount == 0) {
            throw in.refused("has a periodic timer without a period");
        }
    }
}
