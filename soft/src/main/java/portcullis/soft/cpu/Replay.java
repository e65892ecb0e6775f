package portcullis.soft.cpu;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Answers of the outside to the instruction under way, in order; given again when it is executed again. */
final class Replay {
    private static final int CAPACITY = 64;

    private final long[] answers = new long[CAPACITY];
    private int count;
    private int cursor;
    /** The outside refused the last MSR access or write to a device. */
    boolean fault;

    void add(long answer, boolean refused) {
        answers[count++] = answer;
        fault = refused;
    }

    void clear() {
        count = 0;
        cursor = 0;
    }

    void rewind() {
        cursor = 0;
    }

    boolean isEmpty() {
        return count == 0;
    }

    boolean hasNext() {
        return cursor < count;
    }

    long next() {
        return answers[cursor++];
    }

    /** Only saving and restoring processor state where there is no memory makes that many accesses: the rest meets open bus. */
    boolean isFull() {
        return cursor == CAPACITY;
    }

    void save(StateWriter out) {
        out.putInt(count);
        for (int i = 0; i < count; i++) {
            out.putLong(answers[i]);
        }
        out.putBoolean(fault);
    }

    void restore(StateReader in) {
        count = in.getInt(0, CAPACITY - 1);
        cursor = 0;
        for (int i = 0; i < count; i++) {
            answers[i] = in.getLong();
        }
        fault = in.getBoolean();
    }
}
