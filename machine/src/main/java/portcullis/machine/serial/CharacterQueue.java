package portcullis.machine.serial;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** A ring of received characters with their line-status error bits. Not thread-safe: its owner's lock guards it. */
final class CharacterQueue {
    private final short[] ring;
    private int head;
    private int size;

    CharacterQueue(int capacity) {
        ring = new short[capacity];
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    boolean isFull() {
        return size == ring.length;
    }

    /** @param character data in bits 7:0, line-status error bits in 15:8; the queue must not be full */
    void add(int character) {
        ring[(head + size) % ring.length] = (short) character;
        size++;
    }

    int first() {
        return ring[head] & 0xffff;
    }

    /** Removes the oldest character; the queue must not be empty. */
    int remove() {
        int character = first();
        head = (head + 1) % ring.length;
        size--;
        return character;
    }

    void replaceFirst(int character) {
        ring[head] = (short) character;
    }

    boolean hasErrors() {
        for (int i = 0; i < size; i++) {
            if ((ring[(head + i) % ring.length] & 0xff00) != 0) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        head = 0;
        size = 0;
    }

    void save(StateWriter out) {
        out.putInt(size);
        for (int i = 0; i < size; i++) {
            out.putInt(ring[(head + i) % ring.length] & 0xffff);
        }
    }

    void restore(StateReader in) {
        clear();
        for (int count = in.getInt(0, ring.length); count > 0; count--) {
            add(in.getInt());
        }
    }
}
