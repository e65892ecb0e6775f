package portcullis.hypervisor;

import portcullis.engine.Clock;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** How long a VP has had nothing to execute, in ticks. The VP's thread. */
final class IdleTime {
    private final Clock clock;
    private long total;
    private long since;
    private boolean running;

    IdleTime(Clock clock) {
        this.clock = clock;
    }

    void changed(boolean runs) {
        if (running && !runs) {
            since = clock.ticks();
        } else if (!running && runs) {
            total += clock.ticks() - since;
        }
        running = runs;
    }

    /** Ticks since the partition was made in which the VP had something to execute. */
    long busy() {
        return running ? clock.ticks() - total : since - total;
    }

    void save(StateWriter out) {
        out.putLong(total);
        out.putLong(since);
        out.putBoolean(running);
    }

    void restore(StateReader in) {
        total = in.getLong();
        since = in.getLong();
        running = in.getBoolean();
    }
}
