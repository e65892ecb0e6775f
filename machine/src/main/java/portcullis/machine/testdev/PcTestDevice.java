package portcullis.machine.testdev;

import java.util.List;
import portcullis.machine.bus.InterruptLine;
import portcullis.machine.bus.MmioBus;
import portcullis.machine.bus.MmioDevice;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The pc-testdev of kvm-unit-tests:
 *
 * <ul>
 *   <li>ports 0xe0 to 0xe3: a 32-bit latch, read and written in any size;
 *   <li>ports 0xe4 to 0xe7: a physical address, whose host mapping the hypervisor under test is to drop. Our mappings never lag
 *       behind the guest's memory, so nothing has to happen;
 *   <li>ports 0x2000 to 0x2017: a byte written sets the level of an interrupt line, a wider write those of successive lines;
 *   <li>64 KiB at 0xff000000: memory that is reached by exits only.
 * </ul>
 *
 * <p>The original's second view of the latch at 0xe8 is not there: no test uses it and the debug console is at 0xe9.
 *
 * <p>Thread-safe. Lines are driven with no lock held.
 */
public final class PcTestDevice implements Saved {
    public static final int LINES = 24;

    /** Where the memory-like window is, and its size in bytes. */
    public static final long WINDOW = 0xff00_0000L;

    public static final int WINDOW_SIZE = 0x1_0000;

    private static final int LATCH = 0xe0;
    private static final int FLUSH = 0xe4;
    private static final int LINE_PORTS = 0x2000;

    private final List<InterruptLine> lines;
    private final byte[] window = new byte[WINDOW_SIZE];
    private int latch;

    /** @param lines the machine's 24 interrupt lines, as an I/O APIC numbers them but with 0 for the timer */
    public PcTestDevice(List<InterruptLine> lines) {
        if (lines.size() != LINES) {
            throw new IllegalArgumentException("there are 24 lines, not " + lines.size());
        }
        this.lines = List.copyOf(lines);
    }

    public void attach(PortBus bus) {
        bus.register(LATCH, 4, new LatchPorts());
        bus.register(FLUSH, 4, new FlushPorts());
        bus.register(LINE_PORTS, LINES, new LinePorts());
    }

    public void attach(MmioBus bus) {
        bus.register(WINDOW, WINDOW_SIZE, new Window());
    }

    /** What an access beyond the latch's last byte does not reach is cut off, not wrapped around. */
    private final class LatchPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            synchronized (PcTestDevice.this) {
                return latch >>> shift(port) & mask(size);
            }
        }

        @Override
        public void write(int port, int size, int value) {
            synchronized (PcTestDevice.this) {
                latch = latch & ~(mask(size) << shift(port)) | (value & mask(size)) << shift(port);
            }
        }

        private static int shift(int port) {
            return (port & 3) * 8;
        }

        private static int mask(int size) {
            return -1 >>> 32 - 8 * size;
        }
    }

    private static final class FlushPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return -1;
        }

        @Override
        public void write(int port, int size, int value) {
            // Nothing to drop: see the class comment.
        }
    }

    private final class LinePorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return -1;
        }

        @Override
        public void write(int port, int size, int value) {
            int first = port - LINE_PORTS;
            for (int i = 0; i < size && first + i < LINES; i++) {
                lines.get(first + i).set((value >>> 8 * i & 0xff) != 0);
            }
        }
    }

    private final class Window implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            synchronized (PcTestDevice.this) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    int at = (int) offset + i;
                    value |= (at < WINDOW_SIZE ? window[at] & 0xffL : 0xff) << (8 * i);
                }
                return value;
            }
        }

        @Override
        public void write(long offset, int size, long value) {
            synchronized (PcTestDevice.this) {
                for (int i = 0; i < size && offset + i < WINDOW_SIZE; i++) {
                    window[(int) offset + i] = (byte) (value >>> (8 * i));
                }
            }
        }
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(latch);
        out.putBytes(window);
    }

    @Override
    public synchronized void restore(StateReader in) {
        latch = in.getInt();
        in.getBytes(window);
    }
}
