package portcullis.machine.pci;

import portcullis.machine.bus.MmioDevice;

/**
 * A base address register and what answers in its window (PCI Local Bus 3.0, 6.2.5.1).
 *
 * @param index 0 to 5; a 64-bit one takes the next register too
 * @param size bytes, a power of two: 4 to 256 for ports, from 16 for memory
 * @param device is given offsets into the window, for ports too
 */
public record PciBar(int index, Kind kind, long size, MmioDevice device) {
    /** Address space and width; none is prefetchable, as registers have side effects. */
    public enum Kind {
        PORTS(0b01, 0b11),
        MEMORY_32(0b0000, 0b1111),
        MEMORY_64(0b0100, 0b1111);

        private final int typeBits;
        private final int typeMask;

        Kind(int typeBits, int typeMask) {
            this.typeBits = typeBits;
            this.typeMask = typeMask;
        }
    }

    public PciBar {
        long least = kind == Kind.PORTS ? 4 : 16;
        long most = kind == Kind.PORTS ? 256 : kind == Kind.MEMORY_32 ? 1L << 31 : 1L << 40;
        int last = index + (kind == Kind.MEMORY_64 ? 1 : 0);
        if (index < 0 || last > 5 || Long.bitCount(size) != 1 || size < least || size > most) {
            throw new IllegalArgumentException("no such BAR: %d, %s, %d bytes".formatted(index, kind, size));
        }
    }

    int register() {
        return ConfigSpace.BAR0 + 4 * index;
    }

    int typeBits() {
        return kind.typeBits;
    }

    /** Address bits that a driver can set: reading them back after writing ones tells it the size. */
    long addressMask() {
        long mask = -size & ~(long) kind.typeMask;
        return switch (kind) {
            case PORTS -> mask & 0xffff;
            case MEMORY_32 -> mask & 0xffff_ffffL;
            case MEMORY_64 -> mask;
        };
    }
}
