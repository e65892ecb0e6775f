package portcullis.hypervisor.time;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Alarms by virtual time. Nothing happens by itself: whoever runs the VPs calls {@link #fireDue} between two slices. Alarms
 * that fall due together run in order of deadline, then of creation, so that a run can be repeated.
 */
public final class VirtualAlarms implements GuestTime {
    /** {@link #nextDeadline} where no alarm is set. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final Comparator<VirtualAlarm> BY_DEADLINE = (a, b) -> {
        int order = Long.compare(a.deadline, b.deadline);
        return order != 0 ? order : Long.compare(a.number, b.number);
    };

    private final VirtualClock clock;
    private final TreeSet<VirtualAlarm> pending = new TreeSet<>(BY_DEADLINE);
    private final AlarmNames names = new AlarmNames();
    private final Saved savedAlarms = new SavedAlarms();
    private long created;
    private boolean paused;
    private Thread runner;
    private Consumer<Throwable> failureHandler = failure -> {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
    };

    public VirtualAlarms(VirtualClock clock) {
        this.clock = clock;
    }

    @Override
    public VirtualClock clock() {
        return clock;
    }

    @Override
    public synchronized Alarm create(String name, Runnable action) {
        VirtualAlarm alarm = new VirtualAlarm(name, action, created++);
        names.add(name, alarm);
        return alarm;
    }

    /** Virtual time stands still by itself when nobody runs; what is due waits. */
    @Override
    public synchronized void pause() {
        paused = true;
    }

    @Override
    public synchronized void resume() {
        paused = false;
    }

    /** Who calls {@link #fireDue}: it is unparked when another thread sets an alarm. */
    public synchronized void setRunner(Thread thread) {
        runner = thread;
    }

    @Override
    public synchronized void onFailure(Consumer<Throwable> handler) {
        failureHandler = handler;
    }

    @Override
    public synchronized void close() {
        pending.clear();
    }

    /** The earliest deadline, or {@link #NEVER}. */
    public synchronized long nextDeadline() {
        return pending.isEmpty() ? NEVER : pending.first().deadline;
    }

    /**
     * Runs what is due now. What an action sets for now runs at the next call, so that this one ends.
     *
     * @return how many actions ran
     */
    public int fireDue() {
        List<VirtualAlarm> due = takeDue();
        for (VirtualAlarm alarm : due) {
            if (alarm.taken) {
                alarm.taken = false;
                try {
                    alarm.action.run();
                } catch (RuntimeException | Error failure) {
                    failureHandler.accept(failure);
                }
            }
        }
        return due.size();
    }

    private synchronized List<VirtualAlarm> takeDue() {
        if (paused || nextDeadline() > clock.ticks()) {
            return List.of();
        }
        List<VirtualAlarm> due = new ArrayList<>();
        while (nextDeadline() <= clock.ticks() && !pending.isEmpty()) {
            VirtualAlarm alarm = pending.pollFirst();
            alarm.isSet = false;
            alarm.taken = true;
            due.add(alarm);
        }
        return due;
    }

    // Saved state

    @Override
    public void save(StateWriter out) {
        out.putLong(clock.ticks());
    }

    @Override
    public void restore(StateReader in) {
        clock.restore(in.getLong());
    }

    @Override
    public Saved savedAlarms() {
        return savedAlarms;
    }

    private final class SavedAlarms implements Saved {
        @Override
        public void save(StateWriter out) {
            synchronized (VirtualAlarms.this) {
                names.save(out);
            }
        }

        @Override
        public void restore(StateReader in) {
            synchronized (VirtualAlarms.this) {
                names.restore(in);
            }
        }
    }

    private final class VirtualAlarm implements Alarm, AlarmNames.Entry {
        private final String name;
        private final Runnable action;
        private long number;
        private long deadline;
        private boolean isSet;
        /** Due and not yet run: an action that ran before it may still call it off. */
        private boolean taken;

        VirtualAlarm(String name, Runnable action, long number) {
            this.name = name;
            this.action = action;
            this.number = number;
        }

        @Override
        public void set(long newDeadline) {
            synchronized (VirtualAlarms.this) {
                clear();
                deadline = newDeadline;
                isSet = true;
                pending.add(this);
                if (runner != null && runner != Thread.currentThread()) {
                    LockSupport.unpark(runner);
                }
            }
        }

        @Override
        public void clear() {
            synchronized (VirtualAlarms.this) {
                taken = false;
                if (isSet) {
                    isSet = false;
                    pending.remove(this);
                }
            }
        }

        @Override
        public boolean isSet() {
            return isSet;
        }

        @Override
        public long deadline() {
            return deadline;
        }

        @Override
        public long number() {
            return number;
        }

        @Override
        public void restore(boolean set, long newDeadline, long newNumber) {
            clear();
            number = newNumber;
            created = Math.max(created, newNumber + 1);
            if (set) {
                set(newDeadline);
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
