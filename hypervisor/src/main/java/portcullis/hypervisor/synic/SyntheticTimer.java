package portcullis.hypervisor.synic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.message.NotificationMessages;
import portcullis.tlfs.register.SynicRegisters.StimerConfig;

/**
 * A synthetic timer (TLFS timers.md, "Synthetic Timers"). Everything happens under the lock of its {@link Synic}.
 *
 * <p>Nothing ticks: the state is when the timer is due, and one alarm. A timer has one message buffer: while its message waits for a
 * slot it is not due again, and when the message is in the slot, {@link TimerPeriod} says what becomes of the time that went by.
 */
final class SyntheticTimer implements Queued {
    private static final int NANOS_PER_UNIT = 100;

    private static final int PAYLOAD_SIZE = NotificationMessages.TimerExpired.SIZE;

    /**
     * Between two signals of a periodic timer, in 100 ns units. A guest that asks for less gets fewer, and does not get the host's
     * alarm thread for itself.
     */
    static final long MINIMUM_INTERVAL = 100;

    /** What the timer needs of its controller. */
    interface Controller {
        /** Puts a message of the timer's into the queue of a SINTx, and tries to deliver it. */
        void queue(int sint, Queued message);

        /** Takes it out again. */
        void unqueue(int sint, Queued message);

        /** Asserts an interrupt, in direct mode. */
        void interrupt(int vector);

        /** For the trace. {@code sint} or {@code vector} is -1. @param late in nanoseconds */
        void expired(int timer, int sint, int vector, long late);
    }

    private final int index;
    private final boolean directOffered;
    private final ReferenceTime reference;
    private final Controller controller;
    private final Alarm alarm;

    private long config;
    private long count;
    /** It counts: it is due at {@link #expiry} and can be signalled at {@link #alarmAt}. */
    private boolean running;

    private long expiry;
    private long alarmAt;
    /** Its message waits in a queue; it was due at {@link #messageExpiry}. */
    private boolean queued;

    private long messageExpiry;

    /**
     * @param directOffered whether direct mode exists
     * @param rang what the alarm does: take the controller's lock and call {@link #alarmRang}
     */
    SyntheticTimer(
            int index,
            boolean directOffered,
            ReferenceTime reference,
            Alarms alarms,
            String name,
            Controller controller,
            Runnable rang) {
        this.index = index;
        this.directOffered = directOffered;
        this.reference = reference;
        this.controller = controller;
        alarm = alarms.create(name, rang);
    }

    /** After creation and reset. The controller has emptied its queues. */
    void reset() {
        alarm.clear();
        config = 0;
        count = 0;
        running = false;
        queued = false;
    }

    long config() {
        return config;
    }

    long count() {
        return count;
    }

    private boolean has(long bit) {
        return (config & bit) != 0;
    }

    private int sint() {
        return new StimerConfig(config).sint();
    }

    private int vector() {
        return new StimerConfig(config).apicVector();
    }

    /** Writes the configuration register. An enabled timer begins anew. @return false where the write is a #GP */
    boolean writeConfig(long value) {
        if ((value & StimerConfig.RESERVED) != 0 || ((value & StimerConfig.DIRECT_MODE) != 0 && !directOffered)) {
            return false;
        }
        stop();
        config = value;
        startIfEnabled();
        return true;
    }

    /** Writes the count register: an expiration time, or a period. */
    void writeCount(long value) {
        stop();
        count = value;
        if (value == 0) {
            config &= ~StimerConfig.ENABLED;
        } else if (has(StimerConfig.AUTO_ENABLE)) {
            config |= StimerConfig.ENABLED;
        }
        startIfEnabled();
    }

    /** A message that still waits is about what the guest no longer asks for: it goes, too. */
    private void stop() {
        alarm.clear();
        running = false;
        if (queued) {
            queued = false;
            controller.unqueue(sint(), this);
        }
    }

    private void startIfEnabled() {
        if (has(StimerConfig.ENABLED) && !has(StimerConfig.DIRECT_MODE) && sint() == 0) {
            config &= ~StimerConfig.ENABLED;
        }
        // An enabled timer without a count waits for one.
        if (!has(StimerConfig.ENABLED) || count == 0) {
            return;
        }
        long now = reference.now();
        if (has(StimerConfig.PERIODIC)) {
            run(TimerPeriod.first(now, count), now);
        } else if (Long.compareUnsigned(count, now) <= 0) {
            expire(count, now);
        } else {
            run(new TimerPeriod(count, count), now);
        }
    }

    private void run(TimerPeriod next, long earliest) {
        running = true;
        expiry = next.expiry();
        alarmAt = Long.compareUnsigned(next.alarm(), earliest) < 0 ? earliest : next.alarm();
        setAlarm();
    }

    private void setAlarm() {
        // Counts are unsigned; the clock never comes to the upper half.
        long ticks = alarmAt < 0 ? Long.MAX_VALUE : reference.ticksAt(alarmAt);
        if (ticks == Long.MAX_VALUE) {
            alarm.clear();
        } else {
            alarm.set(ticks);
        }
    }

    /** The alarm. It may be one that was called off a moment ago. */
    void alarmRang() {
        if (!running) {
            return;
        }
        long now = reference.now();
        if (Long.compareUnsigned(now, alarmAt) < 0) {
            setAlarm();
        } else {
            expire(expiry, now);
        }
    }

    private void expire(long due, long now) {
        running = false;
        if (leftOut(due, now)) {
            next(due, now);
            return;
        }
        if (!has(StimerConfig.PERIODIC)) {
            config &= ~StimerConfig.ENABLED;
        }
        long late = (now - due) * NANOS_PER_UNIT;
        if (has(StimerConfig.DIRECT_MODE)) {
            controller.expired(index, -1, vector(), late);
            controller.interrupt(vector());
            next(due, now);
        } else {
            controller.expired(index, sint(), -1, late);
            queued = true;
            messageExpiry = due;
            controller.queue(sint(), this);
        }
    }

    private boolean leftOut(long due, long now) {
        return has(StimerConfig.PERIODIC) && has(StimerConfig.LAZY) && TimerPeriod.skippedByLazy(due, now, count);
    }

    private void next(long due, long now) {
        if (has(StimerConfig.PERIODIC)) {
            run(TimerPeriod.after(due, now, count, has(StimerConfig.LAZY)), TimerPeriod.add(now, MINIMUM_INTERVAL));
        }
    }

    // The message

    @Override
    public int type() {
        return MessageType.TIMER_EXPIRED;
    }

    @Override
    public int payloadSize() {
        return PAYLOAD_SIZE;
    }

    /** TLFS HV_TIMER_MESSAGE_PAYLOAD. */
    @Override
    public SynicMessage message(long now) {
        if (leftOut(messageExpiry, now)) {
            return null;
        }
        ByteBuffer payload = ByteBuffer.allocate(PAYLOAD_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        payload.putInt(index).putInt(0).putLong(messageExpiry).putLong(now);
        return new SynicMessage(MessageType.TIMER_EXPIRED, 0, payload.array());
    }

    @Override
    public void delivered(long now) {
        queued = false;
        next(messageExpiry, now);
    }

    @Override
    public void dropped() {
        queued = false;
    }

    @Override
    public MessageBuffers buffers() {
        return null;
    }

    // Saving

    TimerState state() {
        return new TimerState(config, count, running, expiry, alarmAt, queued, messageExpiry);
    }

    /** The controller puts the message back into its queue, where there was one. */
    void restore(TimerState saved) {
        config = saved.config();
        count = saved.count();
        running = saved.running();
        expiry = saved.expiry();
        alarmAt = saved.alarmAt();
        queued = saved.queued();
        messageExpiry = saved.messageExpiry();
        if (running) {
            setAlarm();
        } else {
            alarm.clear();
        }
    }
}
