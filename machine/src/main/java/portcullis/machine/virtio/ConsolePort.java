package portcullis.machine.virtio;

import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The host's end of a {@link ConsoleDevice}. Called by one thread at a time. Nothing but {@link #write} may block: a driver's reset
 * waits for it.
 */
public interface ConsolePort extends Saved {
    /** The guest's output. While this blocks, so do the machine's virtio devices; a driver's reset waits for it, but not for ever. */
    void write(byte[] from, int offset, int length);

    /** Bytes of input that {@link #read} would give at once. */
    int available();

    /** Takes input. @return bytes taken, 0 where there are none just now */
    int read(byte[] into, int offset, int length);

    /** Input that the guest has not taken, where the port keeps some. */
    @Override
    default void save(StateWriter out) {}

    @Override
    default void restore(StateReader in) {}
}
