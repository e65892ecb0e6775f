package portcullis.machine.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Little-endian fields of a structure in a byte array. Readers have checked that the structure is all there. */
record Fields(ByteBuffer buffer) {
    Fields(byte[] bytes) {
        this(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    int length() {
        return buffer.limit();
    }

    int u8(int offset) {
        return buffer.get(offset) & 0xff;
    }

    int u16(int offset) {
        return buffer.getShort(offset) & 0xffff;
    }

    int i32(int offset) {
        return buffer.getInt(offset);
    }

    long u32(int offset) {
        return buffer.getInt(offset) & 0xffff_ffffL;
    }

    long i64(int offset) {
        return buffer.getLong(offset);
    }

    void putByte(int offset, int value) {
        buffer.put(offset, (byte) value);
    }

    void putShort(int offset, int value) {
        buffer.putShort(offset, (short) value);
    }

    void putInt(int offset, long value) {
        buffer.putInt(offset, (int) value);
    }

    void putLong(int offset, long value) {
        buffer.putLong(offset, value);
    }

    void putBytes(int offset, byte[] from, int at, int length) {
        buffer.put(offset, from, at, length);
    }
}
