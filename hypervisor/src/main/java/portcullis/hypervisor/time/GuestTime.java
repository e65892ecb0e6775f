package portcullis.hypervisor.time;

import java.util.function.Consumer;
import portcullis.state.Saved;

/**
 * A partition's time: its clock and alarms, and the control over them that pausing a partition needs. Thread-safe.
 *
 * <p>Its saved state is the clock; {@link #savedAlarms} is the rest. The clock has to go before everything that looks at it
 * when it is restored, the alarms behind everything that makes some.
 */
public interface GuestTime extends Alarms, Saved, AutoCloseable {
    /** Stops the clock; nothing falls due. Waits for an action that is running, so no action may call it. Idempotent. */
    void pause();

    /** Lets the clock go on from where it stopped. Idempotent. */
    void resume();

    /** Who is told when an action throws: a fault in a device. The alarm thread goes on. */
    void onFailure(Consumer<Throwable> handler);

    /** Which alarms are set, and for when. Only while paused. */
    Saved savedAlarms();

    /** Nothing falls due any more. */
    @Override
    void close();
}
