package portcullis.machine.testdev;

import java.util.function.IntConsumer;
import portcullis.machine.bus.BytePortDevice;
import portcullis.machine.bus.PortBus;

/** The debug console at port 0xe9: a byte written is a byte printed; reads give 0xe9, by which guests detect it. Thread-safe. */
public final class DebugConsole implements BytePortDevice {
    private static final int PORT = 0xe9;

    private final IntConsumer sink;

    /** @param sink gets bytes, 0 to 255, one at a time; called on VPs' threads with the console's lock held */
    public DebugConsole(IntConsumer sink) {
        this.sink = sink;
    }

    public void attach(PortBus bus) {
        bus.register(PORT, 1, this);
    }

    @Override
    public int readByte(int port) {
        return port == PORT ? PORT : 0xff;
    }

    @Override
    public synchronized void writeByte(int port, int value) {
        if (port == PORT) {
            sink.accept(value);
        }
    }
}
