package portcullis.hypervisor.gate;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Who may be waiting at a gate: a bit a VP. A VP's own thread sets and takes its bit, so the set may name VPs that wait no more,
 * but never leaves out one that does.
 */
final class WaiterSet {
    private final AtomicLongArray words;

    WaiterSet(int processors) {
        words = new AtomicLongArray((processors + 63) >>> 6);
    }

    void add(int vp) {
        words.getAndAccumulate(vp >>> 6, 1L << vp, (now, bit) -> now | bit);
    }

    void remove(int vp) {
        words.getAndAccumulate(vp >>> 6, 1L << vp, (now, bit) -> now & ~bit);
    }

    /** How many words there are. */
    int length() {
        return words.length();
    }

    /** VPs 64 * index to 64 * index + 63. */
    long word(int index) {
        return words.get(index);
    }
}
