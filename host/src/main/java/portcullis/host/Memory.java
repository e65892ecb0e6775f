package portcullis.host;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import portcullis.memory.GuestAddressException;
import portcullis.memory.GuestMemory;

/**
 * Guest memory, by physical or by virtual addresses. Little endian. Writes are seen by the guest as if a device had made them, also where
 * they change code; no protection of the guest's refuses them. Aligned accesses of 2, 4 and 8 bytes are atomic. Any thread, also while the
 * machine runs.
 *
 * <p>All throw {@link GuestAddressException} where there is no memory, or no translation; nothing or a part is written then.
 */
public abstract sealed class Memory permits PhysicalMemory, VirtualMemory {
    private final Machine machine;

    Memory(Machine machine) {
        this.machine = machine;
    }

    /** @return what {@link GuestMemory} calls the byte, valid to the end of its page */
    abstract long backing(long address);

    private <T> T look(Function<GuestMemory, T> look) {
        return machine.look(partition -> look.apply(partition.memory()));
    }

    private void change(Consumer<GuestMemory> change) {
        look(memory -> {
            change.accept(memory);
            return null;
        });
    }

    /** Some bytes. @param length 0 or more */
    public byte[] read(long address, int length) {
        if (length < 0) {
            throw new IllegalArgumentException("some bytes are 0 or more, not " + length);
        }
        return look(memory -> {
            byte[] bytes = new byte[length];
            for (int done = 0; done < length; ) {
                int part = part(address + done, length - done);
                memory.read(backing(address + done), bytes, done, part);
                done += part;
            }
            return bytes;
        });
    }

    /** Writes some bytes. */
    public void write(long address, byte... bytes) {
        change(memory -> {
            for (int done = 0; done < bytes.length; ) {
                int part = part(address + done, bytes.length - done);
                memory.write(backing(address + done), bytes, done, part);
                done += part;
            }
        });
    }

    private static int part(long address, int length) {
        return (int) Math.min(length, GuestMemory.PAGE_SIZE - (address & GuestMemory.PAGE_SIZE - 1));
    }

    private static boolean split(long address, int size) {
        return part(address, size) < size;
    }

    /** @return 0 to 255 */
    public int getByte(long address) {
        return look(memory -> memory.getByte(backing(address)) & 0xff);
    }

    /** Two bytes. @return 0 to 65535 */
    public int getShort(long address) {
        return split(address, 2)
                ? (int) little(read(address, 2))
                : look(memory -> memory.getShort(backing(address)) & 0xffff);
    }

    /** Four bytes. */
    public int getInt(long address) {
        return split(address, 4) ? (int) little(read(address, 4)) : look(memory -> memory.getInt(backing(address)));
    }

    /** Eight bytes. */
    public long getLong(long address) {
        return split(address, 8) ? little(read(address, 8)) : look(memory -> memory.getLong(backing(address)));
    }

    /** @param value its low 8 bits count */
    public void putByte(long address, int value) {
        change(memory -> memory.putByte(backing(address), (byte) value));
    }

    /** @param value its low 16 bits count */
    public void putShort(long address, int value) {
        if (split(address, 2)) {
            write(address, bytes(value, 2));
        } else {
            change(memory -> memory.putShort(backing(address), (short) value));
        }
    }

    /** Writes four bytes. */
    public void putInt(long address, int value) {
        if (split(address, 4)) {
            write(address, bytes(value, 4));
        } else {
            change(memory -> memory.putInt(backing(address), value));
        }
    }

    /** Writes eight bytes. */
    public void putLong(long address, long value) {
        if (split(address, 8)) {
            write(address, bytes(value, 8));
        } else {
            change(memory -> memory.putLong(backing(address), value));
        }
    }

    /** Text in UTF-8, up to a zero byte. @param limit bytes at most */
    public String text(long address, int limit) {
        byte[] bytes = new byte[16];
        int length = 0;
        for (int value = -1; length < limit && (value = getByte(address + length)) != 0; length++) {
            if (length == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * length);
            }
            bytes[length] = (byte) value;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static long little(byte[] bytes) {
        long value = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = value << 8 | bytes[i] & 0xff;
        }
        return value;
    }

    private static byte[] bytes(long value, int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        return bytes;
    }
}
