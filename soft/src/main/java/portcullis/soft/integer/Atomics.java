package portcullis.soft.integer;

import portcullis.memory.host.HostMemory;

/** Compare-and-set of 1 to 8 bytes at any alignment that an aligned 8-byte word of the host covers. */
final class Atomics {
    private Atomics() {}

    /** Whether {@code size} bytes at {@code host} lie in one aligned 8-byte word: then {@link #compareAndSet} works. */
    static boolean covered(long host, int size) {
        return (host & 7) + size <= 8;
    }

    static long load(long host, int size) {
        return switch (size) {
            case 1 -> HostMemory.getByteAcquire(host) & 0xffL;
            case 2 -> HostMemory.getShortAcquire(host) & 0xffffL;
            case 4 -> HostMemory.getIntAcquire(host) & 0xffffffffL;
            default -> HostMemory.getLongAcquire(host);
        };
    }

    /** Full barrier. {@code expected} and {@code value} count in their low {@code size} bytes. */
    static boolean compareAndSet(long host, int size, long expected, long value) {
        if (size == 8) {
            return HostMemory.compareAndSetLong(host, expected, value);
        }
        if (size == 4 && (host & 3) == 0) {
            return HostMemory.compareAndSetInt(host, (int) expected, (int) value);
        }
        long word = host & ~7L;
        int shift = (int) (host & 7) * 8;
        long mask = (1L << size * 8) - 1;
        while (true) {
            long seen = HostMemory.getLongVolatile(word);
            if ((seen >>> shift & mask) != (expected & mask)) {
                return false;
            }
            if (HostMemory.compareAndSetLong(word, seen, seen & ~(mask << shift) | (value & mask) << shift)) {
                return true;
            }
        }
    }
}
