package portcullis.hypervisor;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import portcullis.hypervisor.Partition.Standstill;
import portcullis.hypervisor.time.GuestTime;

/**
 * Whether a partition runs, and how its run has ended. Control operations come one after the other and wait for VPs; {@link
 * #end} and {@link #vpQuiet} wait for nobody, so VPs and alarms may call them. {@link Partition} says what each method is.
 */
final class RunControl {
    private enum State {
        CREATED,
        RUNNING,
        PAUSED,
        STOPPED
    }

    private final List<VirtualProcessor> processors;
    private final GuestTime time;
    private final VpDriver driver;
    private final Runnable resetEverything;

    /** Held through a whole control operation: state changes with it only. VPs and alarms never take it. */
    private final ReentrantLock control = new ReentrantLock();

    /** Guards state and outcome; held for moments only. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private State state = State.CREATED;
    private Outcome outcome;
    private volatile Runnable endListener = () -> {};

    /** @param resetEverything called while all VPs are quiet and time stands */
    RunControl(List<VirtualProcessor> processors, GuestTime time, VpDriver driver, Runnable resetEverything) {
        this.processors = processors;
        this.time = time;
        this.driver = driver;
        this.resetEverything = resetEverything;
    }

    // Control

    void start(Partition partition) {
        control.lock();
        try {
            require(State.CREATED);
            time.pause();
            resetEverything.run();
            pauseSoon();
            driver.start(partition, processors);
            go();
        } finally {
            control.unlock();
        }
    }

    void startPaused(Partition partition, Runnable restore) {
        control.lock();
        try {
            require(State.CREATED);
            time.pause();
            restore.run();
            pauseSoon();
            set(State.PAUSED);
            driver.start(partition, processors);
            quiesce();
        } finally {
            control.unlock();
        }
    }

    void pause() {
        refuseOnVpThread();
        control.lock();
        try {
            requireStarted();
            set(State.PAUSED);
            quiesce();
            time.pause();
        } finally {
            control.unlock();
        }
    }

    void pauseSoon() {
        // Not in the middle of going on: a VP that runs already may want all to pause before the last one runs.
        lock.lock();
        try {
            processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
        } finally {
            lock.unlock();
        }
    }

    void resume() {
        control.lock();
        try {
            require(State.PAUSED);
            requireNotEnded("; reset first");
            go();
        } finally {
            control.unlock();
        }
    }

    void reset() {
        refuseOnVpThread();
        control.lock();
        try {
            State before = requireStarted();
            quiesce();
            time.pause();
            resetEverything.run();
            lock.lock();
            try {
                outcome = null;
            } finally {
                lock.unlock();
            }
            if (before == State.RUNNING) {
                go();
            }
        } finally {
            control.unlock();
        }
    }

    <T, E extends Exception> T standstill(Standstill<T, E> action) throws E {
        control.lock();
        try {
            boolean ran = state() == State.RUNNING;
            pause();
            try {
                requireNotEnded("");
                return action.run();
            } finally {
                if (ran) {
                    go();
                }
            }
        } finally {
            control.unlock();
        }
    }

    void stop() {
        refuseOnVpThread();
        control.lock();
        try {
            State before;
            lock.lock();
            try {
                before = state;
                state = State.STOPPED;
                if (outcome == null) {
                    outcome = new Outcome.Stopped();
                }
            } finally {
                lock.unlock();
            }
            if (before == State.RUNNING || before == State.PAUSED) {
                processors.forEach(vp -> vp.requests().raise(VpRequests.STOP));
                driver.join();
            }
            time.pause();
            vpQuiet();
        } finally {
            control.unlock();
        }
    }

    /** Everybody runs, unless the run has ended meanwhile. */
    private void go() {
        lock.lock();
        try {
            state = State.RUNNING;
            if (outcome == null) {
                time.resume();
                processors.forEach(vp -> vp.requests().resume());
            }
        } finally {
            lock.unlock();
        }
    }

    private void quiesce() {
        pauseSoon();
        lock.lock();
        try {
            while (!allQuiet()) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean allQuiet() {
        return processors.stream().allMatch(VirtualProcessor::quiet);
    }

    /** A VP has answered a pause or has ended. */
    void vpQuiet() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void refuseOnVpThread() {
        if (processors.stream().anyMatch(VirtualProcessor::onItsThread)) {
            throw new IllegalStateException("a VP cannot wait for itself; devices call end()");
        }
    }

    private State state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    private void set(State now) {
        lock.lock();
        try {
            state = now;
        } finally {
            lock.unlock();
        }
    }

    private void require(State wanted) {
        State now = state();
        if (now != wanted) {
            throw new IllegalStateException("the partition is " + now + ", not " + wanted);
        }
    }

    private State requireStarted() {
        State now = state();
        if (now != State.RUNNING && now != State.PAUSED) {
            throw new IllegalStateException("the partition is " + now);
        }
        return now;
    }

    private void requireNotEnded(String remedy) {
        lock.lock();
        try {
            if (outcome != null) {
                throw new IllegalStateException("the run has ended: " + outcome + remedy);
            }
        } finally {
            lock.unlock();
        }
    }

    // The end of a run

    void end(Outcome how) {
        lock.lock();
        try {
            if (outcome != null || state == State.STOPPED) {
                return;
            }
            outcome = how;
            pauseSoon();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        endListener.run();
    }

    void onEnd(Runnable listener) {
        endListener = listener;
    }

    Outcome outcome() {
        lock.lock();
        try {
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    Outcome awaitEnd() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (outcome == null || !allQuiet()) {
                changed.await();
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    Outcome awaitEnd(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException {
        long left = unit.toNanos(timeout);
        lock.lockInterruptibly();
        try {
            while (outcome == null || !allQuiet()) {
                if (left <= 0) {
                    throw new TimeoutException("the partition still runs");
                }
                left = changed.awaitNanos(left);
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }
}
