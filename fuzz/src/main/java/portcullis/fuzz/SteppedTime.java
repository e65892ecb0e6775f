package portcullis.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import portcullis.engine.Clock;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.GuestTime;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Time that passes when it is looked at, by as much as the program wants, so that time slices end where a seed says. Alarms ring
 * when {@link #ring} is called. For one thread.
 */
final class SteppedTime implements GuestTime {
    private static final long FREQUENCY = 1_000_000_000;

    private final List<SteppedAlarm> alarms = new ArrayList<>();
    private Consumer<Throwable> failures = failure -> {};
    private long now;
    private long step = 1;

    private final Clock clock = new Clock() {
        @Override
        public long ticks() {
            now += step;
            return now;
        }

        @Override
        public long frequency() {
            return FREQUENCY;
        }
    };

    /** How far each look moves time, in nanoseconds. */
    void setStep(long ticks) {
        step = ticks;
    }

    void restart() {
        now = 0;
        step = 1;
    }

    void advance(long ticks) {
        now += ticks;
    }

    /** Runs what is due, once each. @return how many there were */
    int ring() {
        int rang = 0;
        for (int i = 0; i < alarms.size(); i++) {
            SteppedAlarm alarm = alarms.get(i);
            if (alarm.deadline <= now) {
                alarm.deadline = Long.MAX_VALUE;
                rang++;
                try {
                    alarm.action.run();
                } catch (RuntimeException | Error failure) {
                    failures.accept(failure);
                }
            }
        }
        return rang;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Alarm create(String name, Runnable action) {
        SteppedAlarm alarm = new SteppedAlarm(action);
        alarms.add(alarm);
        return alarm;
    }

    @Override
    public void onFailure(Consumer<Throwable> handler) {
        failures = handler;
    }

    @Override
    public void save(StateWriter out) {
        throw new UnsupportedOperationException("machines of the fuzzer's are not saved");
    }

    @Override
    public void restore(StateReader in) {
        throw new UnsupportedOperationException("machines of the fuzzer's are not saved");
    }

    @Override
    public Saved savedAlarms() {
        return this;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void close() {
        alarms.clear();
    }

    private static final class SteppedAlarm implements Alarm {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        SteppedAlarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void set(long when) {
            deadline = when;
        }

        @Override
        public void clear() {
            deadline = Long.MAX_VALUE;
        }
    }
}
