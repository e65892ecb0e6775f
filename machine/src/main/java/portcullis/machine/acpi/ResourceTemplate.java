package portcullis.machine.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Builds the buffer of resource descriptors that a {@code _CRS} holds (ACPI 6.5, 6.4). */
final class ResourceTemplate {
    private static final int CAPACITY = 4096;

    /** General flags of address space descriptors: resource producer, both ends fixed, positive decode. */
    private static final byte FIXED = 0x0C;

    private final ByteBuffer out = ByteBuffer.allocate(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);

    /** A run of ports the device decodes, 16-bit decode. */
    ResourceTemplate ports(int first, int count) {
        out.put((byte) 0x47).put((byte) 1).putShort((short) first).putShort((short) first);
        out.put((byte) 1).put((byte) count);
        return this;
    }

    /** An ISA interrupt: edge, active high, exclusive. */
    ResourceTemplate irq(int irq) {
        out.put((byte) 0x22).putShort((short) (1 << irq));
        return this;
    }

    ResourceTemplate fixedMemory(long base, long size) {
        out.put((byte) 0x86)
                .putShort((short) 9)
                .put((byte) 1)
                .putInt((int) base)
                .putInt((int) size);
        return this;
    }

    ResourceTemplate busNumbers(int first, int last) {
        return window((byte) 2, (byte) 0, 2, first, last);
    }

    ResourceTemplate portWindow(int first, int last) {
        return window((byte) 1, (byte) 3, 2, first, last);
    }

    /** Non-cacheable, read-write. */
    ResourceTemplate memoryWindow32(long first, long last) {
        return window((byte) 0, (byte) 1, 4, first, last);
    }

    ResourceTemplate memoryWindow64(long first, long last) {
        return window((byte) 0, (byte) 1, 8, first, last);
    }

    /** 6.4.3.5: word, double word and quad word address space descriptors differ in the width of their five fields. */
    private ResourceTemplate window(byte type, byte typeFlags, int width, long first, long last) {
        byte tag = (byte) (width == 2 ? 0x88 : width == 4 ? 0x87 : 0x8A);
        out.put(tag).putShort((short) (3 + 5 * width));
        out.put(type).put(FIXED).put(typeFlags);
        field(width, 0);
        field(width, first);
        field(width, last);
        field(width, 0);
        field(width, last - first + 1);
        return this;
    }

    private void field(int width, long value) {
        switch (width) {
            case 2 -> out.putShort((short) value);
            case 4 -> out.putInt((int) value);
            default -> out.putLong(value);
        }
    }

    /** The finished AML buffer, end tag included; its checksum of 0 means "not checked". */
    byte[] toAml() {
        out.put((byte) 0x79).put((byte) 0);
        return Aml.buffer(Arrays.copyOf(out.array(), out.position()));
    }
}
