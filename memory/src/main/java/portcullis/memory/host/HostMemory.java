package portcullis.memory.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Loads, stores and atomics on raw host addresses, little-endian, any alignment.
 *
 * <p>Guest-visible accesses use the {@code Acquire}/{@code Release} forms: on an x86 host the fences only stop the JIT
 * compiler from reordering, which is all that x86-TSO needs; on other hosts they order the processor too (DESIGN.md 3,
 * "Memory order"). Aligned accesses are single-copy atomic. The atomics need natural alignment.
 */
public final class HostMemory {
    // SAFETY: the segment spans all of the address space so that an address is an offset. Callers pass only addresses
    // inside
    // live HostMappings; the guest never chooses one except through GuestMemory or a TLB entry, both bounded by it.
    @SuppressWarnings("restricted")
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ATOMIC_INT =
            ValueLayout.JAVA_INT.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ATOMIC_LONG =
            ValueLayout.JAVA_LONG.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN).varHandle();

    private HostMemory() {}

    public static byte getByte(long address) {
        return ALL.get(BYTE, address);
    }

    public static short getShort(long address) {
        return ALL.get(SHORT, address);
    }

    public static int getInt(long address) {
        return ALL.get(INT, address);
    }

    public static long getLong(long address) {
        return ALL.get(LONG, address);
    }

    public static void putByte(long address, byte value) {
        ALL.set(BYTE, address, value);
    }

    public static void putShort(long address, short value) {
        ALL.set(SHORT, address, value);
    }

    public static void putInt(long address, int value) {
        ALL.set(INT, address, value);
    }

    public static void putLong(long address, long value) {
        ALL.set(LONG, address, value);
    }

    public static byte getByteAcquire(long address) {
        byte value = ALL.get(BYTE, address);
        VarHandle.acquireFence();
        return value;
    }

    public static short getShortAcquire(long address) {
        short value = ALL.get(SHORT, address);
        VarHandle.acquireFence();
        return value;
    }

    public static int getIntAcquire(long address) {
        int value = ALL.get(INT, address);
        VarHandle.acquireFence();
        return value;
    }

    public static long getLongAcquire(long address) {
        long value = ALL.get(LONG, address);
        VarHandle.acquireFence();
        return value;
    }

    public static void putByteRelease(long address, byte value) {
        VarHandle.releaseFence();
        ALL.set(BYTE, address, value);
    }

    public static void putShortRelease(long address, short value) {
        VarHandle.releaseFence();
        ALL.set(SHORT, address, value);
    }

    public static void putIntRelease(long address, int value) {
        VarHandle.releaseFence();
        ALL.set(INT, address, value);
    }

    public static void putLongRelease(long address, long value) {
        VarHandle.releaseFence();
        ALL.set(LONG, address, value);
    }

    /** Sequentially consistent load; {@code address} is a multiple of 4. */
    public static int getIntVolatile(long address) {
        return (int) ATOMIC_INT.getVolatile(ALL, address);
    }

    /** Sequentially consistent store; {@code address} is a multiple of 4. */
    public static void putIntVolatile(long address, int value) {
        ATOMIC_INT.setVolatile(ALL, address, value);
    }

    /** Sequentially consistent load; {@code address} is a multiple of 8. */
    public static long getLongVolatile(long address) {
        return (long) ATOMIC_LONG.getVolatile(ALL, address);
    }

    /** Sequentially consistent store; {@code address} is a multiple of 8. */
    public static void putLongVolatile(long address, long value) {
        ATOMIC_LONG.setVolatile(ALL, address, value);
    }

    /** A full-barrier compare-and-set; {@code address} is a multiple of 4. */
    public static boolean compareAndSetInt(long address, int expected, int value) {
        return ATOMIC_INT.compareAndSet(ALL, address, expected, value);
    }

    /** A full-barrier compare-and-set; {@code address} is a multiple of 8. */
    public static boolean compareAndSetLong(long address, long expected, long value) {
        return ATOMIC_LONG.compareAndSet(ALL, address, expected, value);
    }

    /** A full-barrier fetch-and-or, the value before returned; {@code address} is a multiple of 4. */
    public static int getAndBitwiseOrInt(long address, int bits) {
        return (int) ATOMIC_INT.getAndBitwiseOr(ALL, address, bits);
    }

    /** A full-barrier fetch-and-and, the value before returned; {@code address} is a multiple of 4. */
    public static int getAndBitwiseAndInt(long address, int bits) {
        return (int) ATOMIC_INT.getAndBitwiseAnd(ALL, address, bits);
    }

    /** Copies {@code length} bytes; the ranges may overlap. */
    public static void copy(long from, long to, long length) {
        MemorySegment.copy(ALL, from, ALL, to, length);
    }

    /** Copies {@code length} bytes out of host memory. */
    public static void copy(long from, byte[] to, int offset, int length) {
        MemorySegment.copy(ALL, BYTE, from, to, offset, length);
    }

    /** Copies {@code length} bytes into host memory. */
    public static void copy(byte[] from, int offset, long to, int length) {
        MemorySegment.copy(from, offset, ALL, BYTE, to, length);
    }

    /** Sets {@code length} bytes to {@code value}. */
    public static void fill(long address, long length, byte value) {
        ALL.asSlice(address, length).fill(value);
    }
}
