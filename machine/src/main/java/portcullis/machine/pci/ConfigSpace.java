package portcullis.machine.pci;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The 256 bytes of a function's configuration space: values, and which bits a driver may write (PCI Local Bus 3.0, 6.1). Not
 * thread-safe.
 */
final class ConfigSpace {
    static final int SIZE = 256;

    static final int VENDOR_ID = 0x00;
    static final int DEVICE_ID = 0x02;
    static final int COMMAND = 0x04;
    static final int STATUS = 0x06;
    static final int REVISION = 0x08;
    static final int CLASS = 0x09;
    static final int CACHE_LINE_SIZE = 0x0C;
    static final int HEADER_TYPE = 0x0E;
    static final int BAR0 = 0x10;
    static final int SUBSYSTEM_VENDOR = 0x2C;
    static final int SUBSYSTEM_ID = 0x2E;
    static final int CAPABILITIES = 0x34;
    static final int INTERRUPT_LINE = 0x3C;
    static final int INTERRUPT_PIN = 0x3D;
    static final int HEADER_END = 0x40;

    private final byte[] values = new byte[SIZE];
    private final byte[] writable = new byte[SIZE];
    private byte[] initial;

    /** What is there now is what {@link #reset} goes back to. */
    void remember() {
        initial = values.clone();
    }

    void reset() {
        System.arraycopy(initial, 0, values, 0, SIZE);
    }

    /** @param size 1 to 4 bytes that lie inside the space */
    int get(int offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (values[offset + i] & 0xff) << 8 * i;
        }
        return value;
    }

    /** As the device itself: no mask. */
    void set(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            values[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    /** As a driver: only writable bits change. */
    void write(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            int mask = writable[offset + i];
            values[offset + i] = (byte) (values[offset + i] & ~mask | value >>> 8 * i & mask);
        }
    }

    void setWritable(int offset, int size, int mask) {
        for (int i = 0; i < size; i++) {
            writable[offset + i] = (byte) (mask >>> 8 * i);
        }
    }

    void put(int offset, byte[] bytes) {
        System.arraycopy(bytes, 0, values, offset, bytes.length);
    }

    void putWritable(int offset, byte[] mask) {
        System.arraycopy(mask, 0, writable, offset, mask.length);
    }

    void save(StateWriter out) {
        out.putBytes(values);
    }

    void restore(StateReader in) {
        in.getBytes(values);
    }
}
