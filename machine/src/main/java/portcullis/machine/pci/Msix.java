package portcullis.machine.pci;

import java.util.BitSet;
import portcullis.hypervisor.apic.MsiSink;
import portcullis.machine.bus.MmioDevice;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A function's MSI-X table and pending bits (PCI Local Bus 3.0, 6.8.2), laid out in one memory BAR: table at 0, pending bit array
 * at {@link #pendingOffset}. Thread-safe.
 *
 * <p>A message goes out when MSI-X is on, neither the function nor the vector is masked, and the function may master the bus;
 * until then its pending bit remembers it.
 */
public final class Msix implements MmioDevice {
    public static final int MAX_VECTORS = 2048;

    private static final int ENTRY_INTS = 4;
    private static final int ADDRESS_HIGH = 1;
    private static final int DATA = 2;
    private static final int CONTROL = 3;
    private static final int MASKED = 1;

    /** SDM 11.11.1: what is not written here is no interrupt; there is nothing else such a message could reach. */
    private static final int MESSAGE_WINDOW = 0xFEE0_0000;

    private static final int MESSAGE_WINDOW_MASK = 0xFFF0_0000;

    private final MsiSink sink;
    private final int vectors;
    private final int[] table;
    private final BitSet pending;
    private volatile boolean enabled;
    private boolean open;

    public Msix(int vectors, MsiSink sink) {
        if (vectors < 1 || vectors > MAX_VECTORS) {
            throw new IllegalArgumentException("1 to 2048 vectors, not " + vectors);
        }
        this.sink = sink;
        this.vectors = vectors;
        table = new int[vectors * ENTRY_INTS];
        pending = new BitSet(vectors);
        reset();
    }

    public int vectors() {
        return vectors;
    }

    /** Offset of the pending bit array: behind the table, on the next 2 KiB. */
    public int pendingOffset() {
        return (vectors * 16 + 2047) & -2048;
    }

    /** Bytes of the BAR that holds both: a power of two. */
    public int size() {
        int bytes = pendingOffset() + (vectors + 63) / 64 * 8;
        return Math.max(4096, Integer.highestOneBit(bytes - 1) << 1);
    }

    /** All vectors masked, nothing pending, MSI-X off. */
    public synchronized void reset() {
        java.util.Arrays.fill(table, 0);
        for (int vector = 0; vector < vectors; vector++) {
            table[vector * ENTRY_INTS + CONTROL] = MASKED;
        }
        pending.clear();
        enabled = false;
        open = false;
    }

    /** Whether messages are what the function interrupts with: its pin is silent then. */
    public boolean enabled() {
        return enabled;
    }

    /** The capability's control bits and the command register's bus master bit, as they are now. */
    synchronized void update(boolean nowEnabled, boolean functionMasked, boolean busMaster) {
        enabled = nowEnabled;
        open = nowEnabled && !functionMasked && busMaster;
        if (!nowEnabled) {
            pending.clear();
        }
        for (int vector = pending.nextSetBit(0); vector >= 0; vector = pending.nextSetBit(vector + 1)) {
            send(vector);
        }
    }

    /**
     * The device wants to interrupt. Vectors that do not exist are ignored.
     *
     * @return false while MSI-X is off: then nothing has happened, and the pin is what the function interrupts with
     */
    public synchronized boolean raise(int vector) {
        if (enabled && vector >= 0 && vector < vectors) {
            pending.set(vector);
            send(vector);
        }
        return enabled;
    }

    private void send(int vector) {
        int entry = vector * ENTRY_INTS;
        if (!open || (table[entry + CONTROL] & MASKED) != 0) {
            return;
        }
        pending.clear(vector);
        if (table[entry + ADDRESS_HIGH] == 0 && (table[entry] & MESSAGE_WINDOW_MASK) == MESSAGE_WINDOW) {
            sink.deliver(Integer.toUnsignedLong(table[entry]), table[entry + DATA]);
        }
    }

    @Override
    public synchronized long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) byteAt((int) offset + i) << 8 * i;
        }
        return value;
    }

    private int byteAt(int offset) {
        if (offset < vectors * 16) {
            return table[offset / 4] >>> 8 * (offset & 3) & 0xff;
        }
        int value = 0;
        int first = (offset - pendingOffset()) * 8;
        for (int bit = 0; bit < 8 && first >= 0; bit++) {
            value |= pending.get(first + bit) ? 1 << bit : 0;
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            int at = (int) offset + i;
            if (at < vectors * 16) {
                int shift = 8 * (at & 3);
                int mask = at % 16 == 12 ? MASKED : at % 16 > 12 ? 0 : at % 16 == 0 ? 0xfc : 0xff;
                int bits = (int) (value >>> 8 * i) & mask;
                table[at / 4] = table[at / 4] & ~(0xff << shift) | bits << shift;
            }
        }
        // Pending bits are read-only. A write may have unmasked the vectors it touched.
        for (int vector = (int) offset / 16; vector <= (offset + size - 1) / 16; vector++) {
            if (vector < vectors && pending.get(vector)) {
                send(vector);
            }
        }
    }

    synchronized void save(StateWriter out) {
        out.putInts(table);
        out.putLongs(pending.toLongArray());
        out.putBoolean(enabled);
        out.putBoolean(open);
    }

    synchronized void restore(StateReader in) {
        in.getInts(table);
        pending.clear();
        pending.or(in.getBits(vectors));
        enabled = in.getBoolean();
        open = in.getBoolean();
    }
}
