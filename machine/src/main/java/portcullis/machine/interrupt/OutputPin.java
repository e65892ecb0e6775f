package portcullis.machine.interrupt;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Shows an {@link InterruptOutput} the newest level, in order, although several threads change it and none holds a lock during the
 * call: who finds another thread calling leaves, and that thread looks again before it leaves itself. (Our change is stored before we
 * find it busy, it clears busy before it looks: one of us sees it.)
 */
final class OutputPin {
    private static final int HIGH = 1;
    private static final int ONE_DROP = 2;

    private final InterruptOutput output;
    private final AtomicBoolean calling = new AtomicBoolean();
    /** The level in bit 0, above it how often the output has dropped for a moment. Written under the device's lock only. */
    private volatile int wanted;

    private volatile int shown;

    OutputPin(InterruptOutput output) {
        this.output = output;
    }

    /** Under the device's lock. */
    void want(boolean level) {
        wanted = wanted & ~HIGH | (level ? HIGH : 0);
    }

    /** Under the device's lock: the output goes low, if only to rise again. */
    void drop() {
        wanted = (wanted & ~HIGH) + ONE_DROP;
    }

    boolean wanted() {
        return (wanted & HIGH) != 0;
    }

    /** After the device's lock is released. */
    void publish() {
        while (wanted != shown && calling.compareAndSet(false, true)) {
            try {
                int now = wanted;
                boolean wasHigh = (shown & HIGH) != 0;
                boolean isHigh = (now & HIGH) != 0;
                boolean dropped = now >>> 1 != shown >>> 1;
                shown = now;
                if (wasHigh && (dropped || !isHigh)) {
                    output.set(false);
                }
                if (isHigh && (dropped || !wasHigh)) {
                    output.set(true);
                }
            } finally {
                calling.set(false);
            }
        }
    }

    /** The level that the other end of a restored machine has seen already. */
    void restore(boolean level) {
        wanted = level ? HIGH : 0;
        shown = wanted;
    }
}
