package portcullis.machine.testdev;

import java.util.function.IntConsumer;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;

/** The isa-debug-exit device at ports 0xf4 to 0xf7: writing a value asks for the process to end with status (value &lt;&lt; 1) | 1. */
public final class DebugExit implements PortDevice {
    private static final int PORT = 0xf4;
    private static final int PORTS = 4;

    private final IntConsumer exit;

    /** @param exit gets the status, of which a process can show the low 8 bits; called on a VP's thread, returns soon */
    public DebugExit(IntConsumer exit) {
        this.exit = exit;
    }

    public void attach(PortBus bus) {
        bus.register(PORT, PORTS, this);
    }

    @Override
    public int read(int port, int size) {
        return 0;
    }

    @Override
    public void write(int port, int size, int value) {
        int written = size == 4 ? value : value & (1 << 8 * size) - 1;
        exit.accept(written << 1 | 1);
    }
}
