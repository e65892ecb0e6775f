package portcullis.machine.timer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import portcullis.engine.Clock;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.Alarms;

/** A clock that a test moves by hand; alarms fall due on the test's thread, in order of their deadlines, each at its own tick. */
public final class ManualAlarms implements Alarms, Clock {
    private final long frequency;
    private final List<ManualAlarm> alarms = new ArrayList<>();
    private long now;

    public ManualAlarms(long frequency) {
        this.frequency = frequency;
    }

    @Override
    public Clock clock() {
        return this;
    }

    @Override
    public long ticks() {
        return now;
    }

    @Override
    public long frequency() {
        return frequency;
    }

    @Override
    public Alarm create(String name, Runnable action) {
        ManualAlarm alarm = new ManualAlarm(action);
        alarms.add(alarm);
        return alarm;
    }

    /** How many alarms have a deadline. */
    public long pending() {
        return alarms.stream().filter(alarm -> alarm.armed).count();
    }

    public void advance(long ticks) {
        advanceTo(now + ticks);
    }

    public void advanceNanos(long nanos) {
        advance(Math.multiplyExact(nanos, frequency / 1_000_000) / 1000);
    }

    public void advanceTo(long target) {
        for (ManualAlarm due = first(target); due != null; due = first(target)) {
            now = Math.max(now, due.deadline);
            due.armed = false;
            due.action.run();
        }
        now = target;
    }

    /** Moves the clock and fires nothing: alarms that come late. */
    public void stallTo(long target) {
        now = target;
    }

    private ManualAlarm first(long target) {
        return alarms.stream()
                .filter(alarm -> alarm.armed && alarm.deadline <= target)
                .min(Comparator.comparingLong(alarm -> alarm.deadline))
                .orElse(null);
    }

    private static final class ManualAlarm implements Alarm {
        private final Runnable action;
        private long deadline;
        private boolean armed;

        ManualAlarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void set(long deadline) {
            this.deadline = deadline;
            armed = true;
        }

        @Override
        public void clear() {
            armed = false;
        }
    }
}
