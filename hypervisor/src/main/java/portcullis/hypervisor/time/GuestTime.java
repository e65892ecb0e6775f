package portcullis.hypervisor.time;

import java.util.function.Consumer;

/** A partition's time: its clock and alarms, and the control over them that pausing a partition needs. Thread-safe. */
public interface GuestTime extends Alarms, AutoCloseable {
    /** Stops the clock; nothing falls due. Idempotent. An action that is already running goes on. */
    void pause();

    /** Lets the clock go on from where it stopped. Idempotent. */
    void resume();

    /** Who is told when an action throws: a fault in a device. The alarm thread goes on. */
    void onFailure(Consumer<Throwable> handler);

    /** Nothing falls due any more. */
    @Override
    void close();
}
