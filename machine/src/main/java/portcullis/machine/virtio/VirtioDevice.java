package portcullis.machine.virtio;

import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What one type of device is, apart from how it is reached (virtio 1.2, chapter 5). The transport calls {@link #handle} and
 * {@link #reset} under one lock, which is free within {@link HostCalls}; the configuration methods at any time.
 */
public interface VirtioDevice extends Saved {
    /** The way from {@link #handle} into what may block: the transport's lock is not held there. */
    @FunctionalInterface
    interface HostCalls {
        /**
         * Does {@code action}, which touches nothing of the request.
         *
         * @return false where nobody has waited for it: the request is no more, and nothing of it may be looked at
         */
        boolean call(Runnable action);
    }

    /** Device id, as in the specification's table of device types. */
    int type();

    /** PCI base class, subclass and programming interface. */
    int classCode();

    /** Feature bits of this type (0 to 23); the transport adds its own. */
    long features();

    /** Whether a driver may take these of the bits offered: some need each other. */
    default boolean acceptsFeatures(long features) {
        return true;
    }

    /** Most descriptors each queue can have: powers of two. */
    int[] queueSizes();

    /** Bytes of device-specific configuration. */
    int configSize();

    /** One byte of it. @param offset below {@link #configSize} */
    int readConfig(int offset);

    /** A driver writes configuration. @param size 1, 2 or 4 bytes, inside {@link #configSize} */
    default void writeConfig(int offset, int size, int value) {}

    /** @param wake to be called, on any thread, when {@link #ready} may have become true without the driver's doing */
    default void attach(Runnable wake) {}

    /** @param host for the thread that is in {@link #handle} */
    default void attachHost(HostCalls host) {}

    /** The driver is done with setting up. @param features what both sides agreed on */
    default void driverReady(long features) {}

    /** Whether the device could use a buffer of this queue now. */
    default boolean ready(int queue) {
        return true;
    }

    /**
     * Handles one request, completely.
     *
     * @return bytes written to the chain's writable part, from its start on
     * @throws RingException where the request is no request: the device will need a reset
     */
    int handle(int queue, DescriptorChain chain) throws RingException;

    /** Forgets what a driver told it. A request that was cut off may still be in the host ({@link HostCalls}). */
    default void reset() {}

    /** What the device knows beside its queues and registers: nothing, for most. Between two requests. */
    @Override
    default void save(StateWriter out) {}

    @Override
    default void restore(StateReader in) {}
}
