package portcullis.oracle.sandbox;

import java.util.Arrays;

/** Growing machine code, little-endian. */
public final class CodeBuffer {
    private byte[] bytes = new byte[64];
    private int size;

    public int size() {
        return size;
    }

    /** Appends each argument's low byte. */
    public CodeBuffer bytes(int... values) {
        for (int value : values) {
            put(value);
        }
        return this;
    }

    public CodeBuffer bytes(byte[] values) {
        for (byte value : values) {
            put(value);
        }
        return this;
    }

    private void put(int value) {
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, size * 2);
        }
        bytes[size++] = (byte) value;
    }

    public CodeBuffer i16(int value) {
        return little(value, 2);
    }

    public CodeBuffer i32(int value) {
        return little(value, 4);
    }

    public CodeBuffer i64(long value) {
        return little(value, 8);
    }

    /** Appends the low {@code count} bytes of {@code value}. */
    public CodeBuffer little(long value, int count) {
        for (int i = 0; i < count; i++) {
            put((int) (value >>> 8 * i));
        }
        return this;
    }

    /** Overwrites four bytes at {@code offset}. */
    public void patch32(int offset, int value) {
        for (int i = 0; i < 4; i++) {
            bytes[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    public byte[] toByteArray() {
        return Arrays.copyOf(bytes, size);
    }
}
