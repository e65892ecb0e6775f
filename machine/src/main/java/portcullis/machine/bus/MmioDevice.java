package portcullis.machine.bus;

/** Answers loads and stores in the window it is registered for with an {@link MmioBus}. Called on VP threads, several at once. */
public interface MmioDevice {
    /**
     * @param offset from the start of the device's window
     * @param size 1 to 8 bytes
     */
    long read(long offset, int size);

    void write(long offset, int size, long value);
}
