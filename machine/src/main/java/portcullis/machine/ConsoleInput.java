package portcullis.machine;

/** Where a user's keys go: the serial port or the virtio console, whichever is the machine's console. Host threads only. */
public interface ConsoleInput {
    /** Offers one byte, and waits while too many are queued that the guest has not read; nothing is dropped. */
    void receive(byte value) throws InterruptedException;

    /** Like {@link #receive}, without waiting. @return whether there was room */
    boolean tryReceive(byte value);

    /** Sends a break condition, where the console knows such a thing and has room for it. */
    void sendBreak();
}
