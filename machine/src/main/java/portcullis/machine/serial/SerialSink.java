package portcullis.machine.serial;

/** Where a serial port's output goes. */
@FunctionalInterface
public interface SerialSink {
    /**
     * Takes one byte. Called with the port's lock held, on the VP's thread, so that bytes arrive in order: must not call the port
     * back; as long as it blocks, the VP does.
     *
     * @param value 0 to 255
     */
    void accept(int value);
}
