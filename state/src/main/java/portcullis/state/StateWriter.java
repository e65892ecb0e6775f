package portcullis.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Values one after the other, in a buffer that grows. Little-endian; {@link StateReader} reads them in the same order. */
public final class StateWriter {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] bytes = new byte[256];
    private int size;

    /** Makes room. @return where the new bytes begin */
    private int grow(int more) {
        int at = size;
        int wanted = Math.addExact(size, more);
        if (wanted > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(wanted, bytes.length * 2));
        }
        size = wanted;
        return at;
    }

    public void putBoolean(boolean value) {
        putByte(value ? 1 : 0);
    }

    /** The low 8 bits. */
    public void putByte(int value) {
        int at = grow(1);
        bytes[at] = (byte) value;
    }

    public void putInt(int value) {
        int at = grow(Integer.BYTES);
        INT.set(bytes, at, value);
    }

    public void putLong(long value) {
        int at = grow(Long.BYTES);
        LONG.set(bytes, at, value);
    }

    /** Length and content. */
    public void putBytes(byte[] value) {
        putBytes(value, 0, value.length);
    }

    public void putBytes(byte[] value, int offset, int length) {
        putInt(length);
        int at = grow(length);
        System.arraycopy(value, offset, bytes, at, length);
    }

    /** Length and content. */
    public void putInts(int[] values) {
        putInt(values.length);
        for (int value : values) {
            putInt(value);
        }
    }

    /** Length and content. */
    public void putLongs(long[] values) {
        putInt(values.length);
        for (long value : values) {
            putLong(value);
        }
    }

    public void putString(String text) {
        putBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** By name: the order of the constants may change. */
    public void putEnum(Enum<?> value) {
        putString(value.name());
    }

    /** Bytes written so far. */
    public int size() {
        return size;
    }

    /** All that was written. */
    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    /** The buffer, of which the first {@link #size} bytes count; until the next write. */
    byte[] buffer() {
        return bytes;
    }

    /** Begins anew, and keeps the buffer. */
    public void clear() {
        size = 0;
    }
}
