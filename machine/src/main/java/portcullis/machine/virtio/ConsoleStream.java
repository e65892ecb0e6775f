package portcullis.machine.virtio;

import java.util.function.IntConsumer;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The host's end of a {@link ConsoleDevice} as two streams of bytes: a bounded queue towards the guest, a sink for what it says.
 *
 * <p>Thread-safe. The sink is called by the device's thread; for as long as it blocks, the device does, but for a driver's reset.
 */
public final class ConsoleStream implements ConsolePort {
    private static final int CAPACITY = 4096;

    private final IntConsumer sink;
    private final byte[] ring = new byte[CAPACITY];
    private int head;
    private int size;

    /** @param sink takes the guest's output, a byte (0 to 255) a call */
    public ConsoleStream(IntConsumer sink) {
        this.sink = sink;
    }

    /** Queues one byte for the guest and waits while the queue is full. The device is to be told ({@link ConsoleDevice#inputArrived}). */
    public synchronized void offer(byte value) throws InterruptedException {
        while (!tryOffer(value)) {
            wait();
        }
    }

    /** Like {@link #offer}, without waiting. @return whether there was room */
    public synchronized boolean tryOffer(byte value) {
        if (size == CAPACITY) {
            return false;
        }
        ring[(head + size) % CAPACITY] = value;
        size++;
        return true;
    }

    @Override
    public void write(byte[] from, int offset, int length) {
        for (int i = 0; i < length; i++) {
            sink.accept(from[offset + i] & 0xff);
        }
    }

    @Override
    public synchronized int available() {
        return size;
    }

    @Override
    public synchronized int read(byte[] into, int offset, int length) {
        int count = Math.min(length, size);
        for (int i = 0; i < count; i++) {
            into[offset + i] = ring[(head + i) % CAPACITY];
        }
        head = (head + count) % CAPACITY;
        size -= count;
        notifyAll();
        return count;
    }

    @Override
    public synchronized void save(StateWriter out) {
        byte[] queued = new byte[size];
        for (int i = 0; i < size; i++) {
            queued[i] = ring[(head + i) % CAPACITY];
        }
        out.putBytes(queued);
    }

    @Override
    public synchronized void restore(StateReader in) {
        byte[] queued = in.getBytes();
        if (queued.length > CAPACITY) {
            throw in.refused("has more input than fits");
        }
        System.arraycopy(queued, 0, ring, 0, queued.length);
        head = 0;
        size = queued.length;
    }
}
