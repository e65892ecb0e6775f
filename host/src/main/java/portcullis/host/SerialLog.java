package portcullis.host;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What the guest has sent on its serial port; the oldest half goes where there is too much of it. Thread-safe. */
final class SerialLog {
    private static final int CAPACITY = 4 << 20;

    private byte[] bytes = new byte[256];
    private int size;
    /** Behind the last text that a run was until. */
    private int mark;

    synchronized void add(int value) {
        if (size == CAPACITY) {
            int half = CAPACITY / 2;
            System.arraycopy(bytes, half, bytes, 0, half);
            size -= half;
            mark = Math.max(0, mark - half);
        }
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = (byte) value;
    }

    /** Whether {@code text} is there behind the mark, which then moves behind it. */
    synchronized boolean take(byte[] text) {
        for (int at = mark; at <= size - text.length; at++) {
            if (Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
                mark = at + text.length;
                return true;
            }
        }
        return false;
    }

    /** Likewise, where it is known that it was not there before the last byte. */
    synchronized boolean takeAtEnd(byte[] text) {
        int at = size - text.length;
        if (at < mark || !Arrays.equals(bytes, at, size, text, 0, text.length)) {
            return false;
        }
        mark = size;
        return true;
    }

    synchronized String text() {
        return new String(bytes, 0, size, StandardCharsets.UTF_8);
    }
}
