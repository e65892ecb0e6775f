package portcullis.hypervisor.apic;

import java.util.Arrays;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** 256 bits, one a vector: IRR, ISR or TMR. */
final class VectorSet {
    private final long[] words = new long[4];

    void add(int vector) {
        words[vector >>> 6] |= 1L << vector;
    }

    void remove(int vector) {
        words[vector >>> 6] &= ~(1L << vector);
    }

    boolean contains(int vector) {
        return (words[vector >>> 6] >>> vector & 1) != 0;
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    /** The highest vector, or -1. */
    int highest() {
        for (int word = 3; word >= 0; word--) {
            if (words[word] != 0) {
                return word * 64 + 63 - Long.numberOfLeadingZeros(words[word]);
            }
        }
        return -1;
    }

    /** Bits {@code index * 32} to {@code index * 32 + 31}, as the registers show them. */
    int dword(int index) {
        return (int) (words[index >>> 1] >>> (index & 1) * 32);
    }

    void save(StateWriter out) {
        out.putLongs(words);
    }

    void restore(StateReader in) {
        in.getLongs(words);
    }
}
