package portcullis.machine.testdev;

import java.util.function.IntConsumer;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;

/**
 * The assertion port, 0xea: by writing anything but 0 to it a guest says that what it asserts does not hold, which ends the run. What
 * it writes is its own affair, the number of a line say. Reads give 0xea, by which guests detect it.
 */
public final class AssertionPort implements PortDevice {
    private static final int PORT = 0xea;

    private final IntConsumer failed;

    /** @param failed gets what was written; called on a VP's thread, returns soon */
    public AssertionPort(IntConsumer failed) {
        this.failed = failed;
    }

    public void attach(PortBus bus) {
        bus.register(PORT, 1, this);
    }

    @Override
    public int read(int port, int size) {
        return PORT;
    }

    @Override
    public void write(int port, int size, int value) {
        int written = size == 4 ? value : value & (1 << 8 * size) - 1;
        if (written != 0) {
            failed.accept(written);
        }
    }
}
