package portcullis.machine.interrupt;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Shows an {@link InterruptOutput} the newest level, in order, although several threads change it and none holds a lock during the
 * call: who finds another thread calling leaves, and that thread looks again before it leaves itself. (Our change is stored before we
 * find it busy, it clears busy before it looks: one of us sees it.)
 */
final class OutputPin {
    private final InterruptOutput output;
    private final AtomicBoolean calling = new AtomicBoolean();
    private volatile boolean wanted;
    private volatile boolean shown;

    OutputPin(InterruptOutput output) {
        this.output = output;
    }

    /** Under the device's lock. */
    void want(boolean level) {
        wanted = level;
    }

    boolean wanted() {
        return wanted;
    }

    /** After the device's lock is released. */
    void publish() {
        while (wanted != shown && calling.compareAndSet(false, true)) {
            try {
                boolean level = wanted;
                if (level != shown) {
                    shown = level;
                    output.set(level);
                }
            } finally {
                calling.set(false);
            }
        }
    }
}
