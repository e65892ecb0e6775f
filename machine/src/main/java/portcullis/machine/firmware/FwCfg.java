package portcullis.machine.firmware;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import portcullis.machine.bus.PortBus;
import portcullis.machine.bus.PortDevice;
import portcullis.memory.GuestAddressException;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * QEMU's firmware configuration device (QEMU documentation, "fw_cfg device"): items by number, files by name, read byte by byte from port
 * 0x511 after a number was written to 0x510, or by DMA, through an address written to 0x514. All items are read-only.
 *
 * <p>Numbers are stored in little-endian order. Thread-safe; items may be added while the guest runs.
 */
public final class FwCfg implements PortDevice, Saved {
    public static final int SIGNATURE = 0x00;
    public static final int FEATURES = 0x01;
    public static final int RAM_SIZE = 0x03;
    public static final int CPU_COUNT = 0x05;
    public static final int KERNEL_ADDRESS = 0x07;
    public static final int KERNEL_SIZE = 0x08;
    public static final int INITRD_ADDRESS = 0x0a;
    public static final int INITRD_SIZE = 0x0b;
    public static final int MAX_CPUS = 0x0f;
    public static final int KERNEL_ENTRY = 0x10;
    public static final int KERNEL_DATA = 0x11;
    public static final int INITRD_DATA = 0x12;
    public static final int COMMAND_LINE_ADDRESS = 0x13;
    public static final int COMMAND_LINE_SIZE = 0x14;
    public static final int COMMAND_LINE_DATA = 0x15;
    public static final int SETUP_ADDRESS = 0x16;
    public static final int SETUP_SIZE = 0x17;
    public static final int SETUP_DATA = 0x18;
    public static final int FILE_DIRECTORY = 0x19;
    private static final int FIRST_FILE = 0x20;

    private static final int SELECTOR_PORT = 0x510;
    private static final int DATA_PORT = 0x511;
    private static final int DMA_HIGH_PORT = 0x514;
    private static final int DMA_LOW_PORT = 0x518;

    private static final int FEATURE_TRADITIONAL = 1;
    private static final int FEATURE_DMA = 2;
    /** "QEMU CFG", as a port read in the processor's byte order shows a big-endian register's halves. */
    private static final int DMA_SIGNATURE_HIGH = Integer.reverseBytes(0x5145_4d55);

    private static final int DMA_SIGNATURE_LOW = Integer.reverseBytes(0x2043_4647);

    private static final int DMA_ERROR = 1;
    private static final int DMA_READ = 2;
    private static final int DMA_SKIP = 4;
    private static final int DMA_SELECT = 8;
    private static final int DMA_WRITE = 16;
    private static final int DMA_DESCRIPTOR_SIZE = 16;

    /** Asks for write access, which no item has; bit 15 is part of the number: items of an architecture. */
    private static final int SELECTOR_WRITE = 0x4000;

    private static final int NUMBERS = 0x1_0000;
    private static final int NAME_SIZE = 56;
    private static final int DIRECTORY_ENTRY_SIZE = 64;
    private static final byte[] NOTHING = {};

    private record File(String name, int number, int size) {}

    private final MemoryView memory;
    private final Map<Integer, Supplier<byte[]>> items = new HashMap<>();
    private final List<File> files = new ArrayList<>();
    private int selectedNumber;
    private byte[] selected = NOTHING;
    private long offset;
    private int dmaAddressHigh;

    /** @param memory that DMA reads and writes, with the rights of trust level 0 (TLFS vsm.md, "DMA and Devices") */
    public FwCfg(GuestMemory memory) {
        this.memory = memory.view(0);
        put(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        putInt(FEATURES, FEATURE_TRADITIONAL | FEATURE_DMA);
        storeDirectory();
        reset();
    }

    public void attach(PortBus bus) {
        bus.register(SELECTOR_PORT, 2, this);
        bus.register(DMA_HIGH_PORT, 8, this);
    }

    /** Selects the signature, as after power-on; items stay. */
    public synchronized void reset() {
        select(SIGNATURE);
        dmaAddressHigh = 0;
    }

    /** Adds or replaces an item. @param number without the write bit 0x4000 */
    public void put(int number, byte[] content) {
        byte[] copy = content.clone();
        put(number, () -> copy);
    }

    /**
     * Adds or replaces an item that is made when the guest selects it, and forgotten when it selects another: a file, say.
     *
     * @param content gives the same bytes each time, and does not throw
     */
    public synchronized void put(int number, Supplier<byte[]> content) {
        if (number < 0 || number >= NUMBERS || (number & SELECTOR_WRITE) != 0) {
            throw new IllegalArgumentException("0x%x is not the number of an item".formatted(number));
        }
        items.put(number, content);
    }

    public void putShort(int number, int value) {
        put(number, new byte[] {(byte) value, (byte) (value >> 8)});
    }

    public void putInt(int number, int value) {
        put(number, littleEndian(4).putInt(value).array());
    }

    public void putLong(int number, long value) {
        put(number, littleEndian(8).putLong(value).array());
    }

    /** Adds a text with a NUL at its end. */
    public void putString(int number, String text) {
        put(number, (text + '\0').getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Adds a file to the directory, or replaces the one of this name.
     *
     * @param name ASCII, at most 55 characters, "etc/e820" for example
     */
    public synchronized void add(String name, byte[] content) {
        if (name.isEmpty()
                || name.length() >= NAME_SIZE
                || !StandardCharsets.US_ASCII.newEncoder().canEncode(name)) {
            throw new IllegalArgumentException("not the name of a fw_cfg file: " + name);
        }
        int at = 0;
        while (at < files.size() && !files.get(at).name.equals(name)) {
            at++;
        }
        File file = new File(name, FIRST_FILE + at, content.length);
        put(file.number, content);
        if (at < files.size()) {
            files.set(at, file);
        } else {
            files.add(file);
        }
        storeDirectory();
    }

    private void storeDirectory() {
        ByteBuffer directory = ByteBuffer.allocate(4 + files.size() * DIRECTORY_ENTRY_SIZE);
        directory.putInt(files.size());
        for (File file : files) {
            byte[] name = new byte[NAME_SIZE];
            byte[] ascii = file.name.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(ascii, 0, name, 0, ascii.length);
            directory
                    .putInt(file.size)
                    .putShort((short) file.number)
                    .putShort((short) 0)
                    .put(name);
        }
        put(FILE_DIRECTORY, directory.array());
    }

    private void select(int number) {
        selectedNumber = number;
        selected = items.getOrDefault(number & ~SELECTOR_WRITE, () -> NOTHING).get();
        offset = 0;
    }

    @Override
    public synchronized int read(int port, int size) {
        return switch (port) {
            case DATA_PORT -> nextByte() | (size == 1 ? 0 : 0xffff_ff00);
            case DMA_HIGH_PORT -> size == 4 ? DMA_SIGNATURE_HIGH : -1;
            case DMA_LOW_PORT -> size == 4 ? DMA_SIGNATURE_LOW : -1;
            default -> -1;
        };
    }

    private int nextByte() {
        if (offset >= selected.length) {
            return 0;
        }
        return selected[(int) offset++] & 0xff;
    }

    @Override
    public synchronized void write(int port, int size, int value) {
        if (port == SELECTOR_PORT && size >= 2) {
            select(value & 0xffff);
        } else if (port == DMA_HIGH_PORT && size == 4) {
            dmaAddressHigh = Integer.reverseBytes(value);
        } else if (port == DMA_LOW_PORT && size == 4) {
            long address = (long) dmaAddressHigh << 32 | Integer.toUnsignedLong(Integer.reverseBytes(value));
            dmaAddressHigh = 0;
            try {
                transfer(address);
            } catch (GuestAddressException refused) {
                // Protections have changed since they were looked at: what is left of the transfer does not happen.
            }
        }
    }

    /** Does what the descriptor at {@code address} says and clears its control field, or leaves the error bit there. */
    private void transfer(long address) {
        if (!writable(address, DMA_DESCRIPTOR_SIZE)) {
            return;
        }
        byte[] bytes = new byte[DMA_DESCRIPTOR_SIZE];
        memory.read(address, bytes, 0, bytes.length);
        ByteBuffer descriptor = ByteBuffer.wrap(bytes);
        int control = descriptor.getInt();
        long length = Integer.toUnsignedLong(descriptor.getInt());
        long target = descriptor.getLong();

        if ((control & DMA_SELECT) != 0) {
            select(control >>> 16);
        }
        boolean done;
        if ((control & DMA_READ) != 0) {
            done = readTo(target, length);
        } else if ((control & DMA_WRITE) != 0) {
            done = false;
        } else {
            if ((control & DMA_SKIP) != 0) {
                advance(length);
            }
            done = true;
        }
        byte[] result = {0, 0, 0, (byte) (done ? 0 : DMA_ERROR)};
        memory.write(address, result, 0, result.length);
    }

    /** Copies the item's next bytes to memory; beyond its end there are zeros. */
    private boolean readTo(long target, long length) {
        if (length != 0 && !writable(target, length)) {
            return false;
        }
        int available = (int) Math.clamp(selected.length - offset, 0, length);
        if (available > 0) {
            memory.write(target, selected, (int) offset, available);
        }
        if (length > available) {
            memory.fill(target + available, length - available, (byte) 0);
        }
        advance(length);
        return true;
    }

    /** No item ends beyond an int; however often a guest skips, the offset must not come round. */
    private void advance(long length) {
        offset = Math.min(offset + length, 1L << 32);
    }

    private boolean writable(long gpa, long length) {
        return memory.writable(gpa, length);
    }

    /** Items are the machine's configuration. */
    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(selectedNumber);
        out.putLong(offset);
        out.putInt(dmaAddressHigh);
    }

    @Override
    public synchronized void restore(StateReader in) {
        select(in.getInt(0, NUMBERS - 1));
        offset = Math.clamp(in.getLong(), 0, 1L << 32);
        dmaAddressHigh = in.getInt();
    }
}
