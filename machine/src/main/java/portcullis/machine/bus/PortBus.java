package portcullis.machine.bus;

/** The 64 KiB port space. Ports that no device answers read as all ones and swallow writes. */
public final class PortBus {
    private static final PortDevice NOBODY = new PortDevice() {
        @Override
        public int read(int port, int size) {
            return -1;
        }

        @Override
        public void write(int port, int size, int value) {
            // An access that no device claims is dropped, as on a PCI machine's subtractive bus.
        }
    };

    private final PortDevice[] ports = new PortDevice[0x10000];

    /** Registers a device for {@code count} ports. @throws IllegalStateException where another device answers already */
    public synchronized void register(int first, int count, PortDevice device) {
        for (int port = first; port < first + count; port++) {
            if (ports[port] != null) {
                throw new IllegalStateException("port 0x%x is taken".formatted(port));
            }
        }
        for (int port = first; port < first + count; port++) {
            ports[port] = device;
        }
    }

    /** Removes whatever answers {@code count} ports: a PCI BAR that moves. */
    public synchronized void unregister(int first, int count) {
        for (int port = first; port < first + count; port++) {
            ports[port] = null;
        }
    }

    public int read(int port, int size) {
        return at(port).read(port, size);
    }

    public void write(int port, int size, int value) {
        at(port).write(port, size, value);
    }

    private PortDevice at(int port) {
        PortDevice device = ports[port & 0xffff];
        return device == null ? NOBODY : device;
    }
}
