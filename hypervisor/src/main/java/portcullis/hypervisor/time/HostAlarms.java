package portcullis.hypervisor.time;

import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Alarms by the host's clock: one daemon thread sleeps until the next deadline and runs what is due, without holding a lock. */
public final class HostAlarms implements GuestTime {
    private static final Comparator<HostAlarm> BY_DEADLINE = (a, b) -> {
        int order = Long.compare(a.deadline, b.deadline);
        return order != 0 ? order : Long.compare(a.number, b.number);
    };

    private final HostClock clock = new HostClock();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Alarms that are set. Guarded by the lock, like all fields of the alarms in it. */
    private final TreeSet<HostAlarm> pending = new TreeSet<>(BY_DEADLINE);

    private final AlarmNames names = new AlarmNames();
    private long created;
    /** Deadline that the thread sleeps for; Long.MIN_VALUE while it is awake and will look again by itself. */
    private long sleepingUntil = Long.MIN_VALUE;

    private boolean paused;
    private boolean closed;
    private boolean acting;
    /** No action is running any more. */
    private final Condition idle = lock.newCondition();

    private final Saved savedAlarms = new SavedAlarms();
    private volatile Consumer<Throwable> failureHandler = failure -> {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
    };

    public HostAlarms() {
        Thread thread = new Thread(this::run, "portcullis alarms");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public HostClock clock() {
        return clock;
    }

    @Override
    public Alarm create(String name, Runnable action) {
        lock.lock();
        try {
            HostAlarm alarm = new HostAlarm(name, action, created++);
            names.add(name, alarm);
            return alarm;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onFailure(Consumer<Throwable> handler) {
        failureHandler = handler;
    }

    @Override
    public void pause() {
        lock.lock();
        try {
            paused = true;
            clock.stop();
            changed.signal();
            while (acting) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void resume() {
        lock.lock();
        try {
            paused = false;
            clock.go();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            pending.clear();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        for (HostAlarm due = next(); due != null; due = next()) {
            try {
                due.action.run();
            } catch (RuntimeException | Error failure) {
                failureHandler.accept(failure);
            }
        }
    }

    /** Waits for the next alarm that is due and takes it off; null when closed. */
    private HostAlarm next() {
        lock.lock();
        try {
            acting = false;
            idle.signalAll();
            while (!closed) {
                if (paused || pending.isEmpty()) {
                    sleepingUntil = Long.MAX_VALUE;
                    changed.awaitUninterruptibly();
                    sleepingUntil = Long.MIN_VALUE;
                    continue;
                }
                HostAlarm first = pending.first();
                long left = first.deadline - clock.ticks();
                if (left <= 0) {
                    pending.remove(first);
                    first.isSet = false;
                    acting = true;
                    return first;
                }
                sleepingUntil = first.deadline;
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException interrupted) {
                    // Nobody interrupts this thread on purpose; closing is the way to end it.
                    continue;
                } finally {
                    sleepingUntil = Long.MIN_VALUE;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    // Saved state

    @Override
    public void save(StateWriter out) {
        out.putLong(clock.ticks());
    }

    /** Only while paused. */
    @Override
    public void restore(StateReader in) {
        clock.set(in.getLong());
    }

    @Override
    public Saved savedAlarms() {
        return savedAlarms;
    }

    private final class SavedAlarms implements Saved {
        @Override
        public void save(StateWriter out) {
            lock.lock();
            try {
                names.save(out);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void restore(StateReader in) {
            lock.lock();
            try {
                names.restore(in);
            } finally {
                lock.unlock();
            }
        }
    }

    private final class HostAlarm implements Alarm, AlarmNames.Entry {
        private final String name;
        private final Runnable action;
        private long number;
        private long deadline;
        private boolean isSet;

        HostAlarm(String name, Runnable action, long number) {
            this.name = name;
            this.action = action;
            this.number = number;
        }

        @Override
        public void set(long newDeadline) {
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                if (isSet) {
                    pending.remove(this);
                }
                // A deadline before the clock's beginning is due like one at it, and subtracts without overflow.
                deadline = Math.max(newDeadline, 0);
                isSet = true;
                pending.add(this);
                if (deadline < sleepingUntil) {
                    changed.signal();
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void clear() {
            lock.lock();
            try {
                if (isSet) {
                    isSet = false;
                    pending.remove(this);
                }
            } finally {
                lock.unlock();
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
