package portcullis.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Reads what a {@link StateWriter} wrote. Every method throws a {@link StateException} where the bytes end too early or cannot be
 * what is asked for; it names the chunk that they are from.
 */
public final class StateReader {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final String name;
    private final int version;
    private final byte[] bytes;
    private int position;

    /**
     * @param name whose state it is, for messages
     * @param version that it was written with
     */
    public StateReader(String name, int version, byte[] bytes) {
        this.name = name;
        this.version = version;
        this.bytes = bytes;
    }

    public String name() {
        return name;
    }

    /** The version that the state was written with. */
    public int version() {
        return version;
    }

    /** What to throw where a value cannot be. @param problem goes on after "the state of NAME" */
    public StateException refused(String problem) {
        return new StateException("the saved state of %s %s".formatted(name, problem));
    }

    private int take(int count) {
        if (count < 0 || count > bytes.length - position) {
            throw refused("ends too early");
        }
        int at = position;
        position += count;
        return at;
    }

    public boolean getBoolean() {
        int value = getByte();
        if (value > 1) {
            throw refused("has %d where yes or no belongs".formatted(value));
        }
        return value == 1;
    }

    /** 0 to 255. */
    public int getByte() {
        return bytes[take(1)] & 0xff;
    }

    public int getInt() {
        return (int) INT.get(bytes, take(Integer.BYTES));
    }

    /** An int from {@code least} to {@code most}. */
    public int getInt(int least, int most) {
        int value = getInt();
        if (value < least || value > most) {
            throw refused("has %d where %d to %d belongs".formatted(value, least, most));
        }
        return value;
    }

    public long getLong() {
        return (long) LONG.get(bytes, take(Long.BYTES));
    }

    /** A byte array of any length. */
    public byte[] getBytes() {
        int length = getInt();
        int at = take(length);
        return Arrays.copyOfRange(bytes, at, at + length);
    }

    /** Fills an array whose length must be what was written. */
    public void getBytes(byte[] into) {
        length(into.length);
        int at = take(into.length);
        System.arraycopy(bytes, at, into, 0, into.length);
    }

    /** Fills an array whose length must be what was written. */
    public void getInts(int[] into) {
        length(into.length);
        for (int i = 0; i < into.length; i++) {
            into[i] = getInt();
        }
    }

    /** Fills an array whose length must be what was written. */
    public void getLongs(long[] into) {
        length(into.length);
        for (int i = 0; i < into.length; i++) {
            into[i] = getLong();
        }
    }

    /** A set of numbers below {@code limit}, written as longs. */
    public BitSet getBits(int limit) {
        long[] words = new long[getInt(0, (limit + 63) / 64)];
        for (int i = 0; i < words.length; i++) {
            words[i] = getLong();
        }
        BitSet set = BitSet.valueOf(words);
        if (set.length() > limit) {
            throw refused("has a number over %d".formatted(limit - 1));
        }
        return set;
    }

    private void length(int expected) {
        int length = getInt();
        if (length != expected) {
            throw refused("has %d elements where %d belong".formatted(length, expected));
        }
    }

    public String getString() {
        return new String(getBytes(), StandardCharsets.UTF_8);
    }

    public <E extends Enum<E>> E getEnum(Class<E> type) {
        String text = getString();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(text)) {
                return constant;
            }
        }
        throw refused("says %s, which this build does not know".formatted(text));
    }

    /** How many bytes are left. */
    public int left() {
        return bytes.length - position;
    }

    /** Everything must have been read. */
    public void finish() {
        if (position != bytes.length) {
            throw refused("has %d bytes more than this build understands".formatted(left()));
        }
    }
}
