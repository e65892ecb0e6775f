package portcullis.hypervisor.synic;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * All there is to know of a synthetic timer, for saving. Times in 100 ns units of reference time.
 *
 * @param config configuration register
 * @param count count register
 * @param running whether it counts
 * @param expiry when it is due, where it counts
 * @param alarmAt when it can be signalled, where it counts
 * @param queued whether its message waits for a slot
 * @param messageExpiry when that was due
 */
public record TimerState(
        long config, long count, boolean running, long expiry, long alarmAt, boolean queued, long messageExpiry) {
    void write(StateWriter out) {
        out.putLong(config);
        out.putLong(count);
        out.putBoolean(running);
        out.putLong(expiry);
        out.putLong(alarmAt);
        out.putBoolean(queued);
        out.putLong(messageExpiry);
    }

    static TimerState read(StateReader in) {
        return new TimerState(
                in.getLong(), in.getLong(), in.getBoolean(), in.getLong(), in.getLong(), in.getBoolean(), in.getLong());
    }
}
