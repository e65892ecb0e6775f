package portcullis.machine.bus;

/** Answers IN and OUT on the ports it is registered for with a {@link PortBus}. Called on VP threads, several at once. */
public interface PortDevice {
    /**
     * @param port absolute port number
     * @param size 1, 2 or 4 bytes
     * @return the value, in the low {@code size} bytes
     */
    int read(int port, int size);

    void write(int port, int size, int value);
}
