package portcullis.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.StampedLock;
import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;

/**
 * Guest physical memory as one trust level sees it: the memory itself, and overlay pages over it.
 *
 * <p>An engine resolves every guest physical address (GPA) that it has no cached translation for; a view without overlays costs
 * it one field test. The accessors here are for whoever acts for the guest: devices (level 0), hypercall input and output.
 * They refuse with {@link GuestAddressException} what is not all memory, and writes to what the guest may not write.
 *
 * <p>Thread safe. A change is seen by whoever resolves after it; cached translations are dropped by the listeners ({@link
 * #onChange}).
 */
public final class MemoryView {
    /** In the attribute byte of a page: an overlay lies over it. */
    private static final int OVERLAID = 1 << 4;

    /** What lies where, immutable: sorted guest page addresses and, at the same index, backing addresses. */
    private record Placement(long[] gpas, long[] backing) {
        long backingOf(long page) {
            int index = Arrays.binarySearch(gpas, page);
            return index < 0 ? page : backing[index];
        }
    }

    private final GuestMemory memory;
    private final int level;
    private final long limit;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final StampedLock lock = new StampedLock();
    /** Pages over each guest page, the visible one last. Guarded by the lock. */
    private final TreeMap<Long, List<OverlayPage>> stacks = new TreeMap<>();

    private HostMapping mapping;
    /** Host address of a byte a guest page, 0 as long as none differs from plain memory. */
    private volatile long attributes;

    private volatile Placement placement = new Placement(new long[0], new long[0]);

    MemoryView(GuestMemory memory, int level, long limit) {
        this.memory = memory;
        this.level = level;
        this.limit = limit;
    }

    /** The trust level whose view this is. */
    public int level() {
        return level;
    }

    /** Calls {@code listener} after each change, on the thread that made it. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    private void changed() {
        listeners.forEach(Runnable::run);
    }

    // ---- overlays ----------------------------------------------------------------------------------------------

    /**
     * The backing address of a guest physical address: itself, or that of the overlay page that lies there. Addresses beyond
     * guest memory are returned as they are.
     */
    public long resolve(long gpa) {
        long bytes = attributes;
        if (bytes == 0 || gpa < 0 || gpa >= limit) {
            return gpa;
        }
        if ((HostMemory.getByte(bytes + (gpa >>> GuestMemory.PAGE_SHIFT)) & OVERLAID) == 0) {
            return gpa;
        }
        return placement.backingOf(gpa & -GuestMemory.PAGE_SIZE) | gpa & GuestMemory.PAGE_SIZE - 1;
    }

    /** Whether an overlay page lies at {@code gpa}. */
    public boolean isOverlaid(long gpa) {
        return resolve(gpa) != gpa;
    }

    /**
     * Lays {@code page} over the guest page at {@code gpa}, above overlays that are there. A page that lies elsewhere in this
     * view is taken away from there. There need not be memory at {@code gpa}.
     *
     * @throws IllegalArgumentException where {@code gpa} is not page aligned or beyond guest memory
     */
    public void place(OverlayPage page, long gpa) {
        if ((gpa & GuestMemory.PAGE_SIZE - 1) != 0 || gpa < 0 || gpa >= limit) {
            throw new IllegalArgumentException("no guest page begins at 0x%x".formatted(gpa));
        }
        long stamp = lock.writeLock();
        try {
            makeAttributes();
            if (!take(page)) {
                page.placed(this);
            }
            stacks.computeIfAbsent(gpa, key -> new ArrayList<>()).add(page);
            publish();
        } finally {
            lock.unlockWrite(stamp);
        }
        changed();
    }

    /** Takes {@code page} away; what it covered comes back. Nothing happens where it is not placed. */
    public void remove(OverlayPage page) {
        long stamp = lock.writeLock();
        try {
            if (!take(page)) {
                return;
            }
            page.removed(this);
            publish();
        } finally {
            lock.unlockWrite(stamp);
        }
        changed();
    }

    private boolean take(OverlayPage page) {
        for (var entry : stacks.entrySet()) {
            if (entry.getValue().remove(page)) {
                if (entry.getValue().isEmpty()) {
                    stacks.remove(entry.getKey());
                }
                return true;
            }
        }
        return false;
    }

    private void makeAttributes() {
        if (mapping == null) {
            mapping = HostMapping.reserve(limit >>> GuestMemory.PAGE_SHIFT);
            attributes = mapping.address();
        }
    }

    // A page's bit goes up after the placement that has it is visible, and down before: whoever sees the bit and finds
    // no
    // overlay has come in the middle of a change and takes the memory below, which was or will be there.
    private void publish() {
        Placement before = placement;
        Placement after = new Placement(new long[stacks.size()], new long[stacks.size()]);
        int index = 0;
        for (var entry : stacks.entrySet()) {
            after.gpas[index] = entry.getKey();
            after.backing[index++] = entry.getValue().getLast().address();
        }
        for (long gpa : before.gpas) {
            if (!stacks.containsKey(gpa)) {
                setAttributes(gpa, 0, OVERLAID);
            }
        }
        placement = after;
        for (long gpa : after.gpas) {
            setAttributes(gpa, OVERLAID, 0);
        }
    }

    private void setAttributes(long gpa, int set, int clear) {
        long address = attributes + (gpa >>> GuestMemory.PAGE_SHIFT);
        HostMemory.putByteRelease(address, (byte) (HostMemory.getByte(address) & ~clear | set));
    }

    // ---- accessors ---------------------------------------------------------------------------------------------

    // Under the lock a change waits until accesses that began before it are done: when it returns, no device writes by
    // what
    // was there before.

    /** Whether all of {@code [gpa, gpa + length)} can be read. */
    public boolean readable(long gpa, long length) {
        return accessible(gpa, length, false);
    }

    /** Whether all of {@code [gpa, gpa + length)} can be written. */
    public boolean writable(long gpa, long length) {
        return accessible(gpa, length, true);
    }

    private boolean accessible(long gpa, long length, boolean write) {
        if (gpa < 0 || length < 0 || gpa > limit || length > limit - gpa) {
            return false;
        }
        for (long page = gpa & -GuestMemory.PAGE_SIZE; page < gpa + length; page += GuestMemory.PAGE_SIZE) {
            GuestMemory.Segment segment = memory.segmentAt(resolve(page));
            if (segment == null || write && !segment.writable()) {
                return false;
            }
        }
        return true;
    }

    private void check(long gpa, long length, boolean write) {
        if (!accessible(gpa, length, write)) {
            throw new GuestAddressException(gpa, length);
        }
    }

    /** What happens to a part of a range that lies in one page. */
    @FunctionalInterface
    private interface Part {
        void access(long address, long done, int length);
    }

    private void inParts(long gpa, long length, boolean write, Part part) {
        long stamp = lock.readLock();
        try {
            check(gpa, length, write);
            for (long done = 0; done < length; ) {
                int piece = piece(gpa + done, length - done);
                part.access(resolve(gpa + done), done, piece);
                done += piece;
            }
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** The bytes from {@code gpa} to the end of its page, at most {@code length}. */
    private static int piece(long gpa, long length) {
        return (int) Math.min(length, GuestMemory.PAGE_SIZE - (gpa & GuestMemory.PAGE_SIZE - 1));
    }

    /** @throws GuestAddressException where not all of the range can be read; then nothing was. So do all accessors below */
    public void read(long gpa, byte[] into, int offset, int length) {
        inParts(gpa, length, false, (at, done, piece) -> memory.read(at, into, offset + (int) done, piece));
    }

    public void write(long gpa, byte[] from, int offset, int length) {
        inParts(gpa, length, true, (at, done, piece) -> memory.write(at, from, offset + (int) done, piece));
    }

    public void fill(long gpa, long length, byte value) {
        inParts(gpa, length, true, (at, done, piece) -> memory.fill(at, piece, value));
    }

    /** As GuestMemory's: single-copy atomic where aligned. So are those below. */
    public byte getByte(long gpa) {
        return (byte) load(gpa, 1);
    }

    public short getShort(long gpa) {
        return (short) load(gpa, 2);
    }

    public int getInt(long gpa) {
        return (int) load(gpa, 4);
    }

    public long getLong(long gpa) {
        return load(gpa, 8);
    }

    public void putByte(long gpa, byte value) {
        store(gpa, 1, value);
    }

    public void putShort(long gpa, short value) {
        store(gpa, 2, value);
    }

    public void putInt(long gpa, int value) {
        store(gpa, 4, value);
    }

    public void putLong(long gpa, long value) {
        store(gpa, 8, value);
    }

    private long load(long gpa, int size) {
        long stamp = lock.readLock();
        try {
            check(gpa, size, false);
            if (piece(gpa, size) == size) {
                long address = resolve(gpa);
                return switch (size) {
                    case 1 -> memory.getByte(address);
                    case 2 -> memory.getShort(address);
                    case 4 -> memory.getInt(address);
                    default -> memory.getLong(address);
                };
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (memory.getByte(resolve(gpa + i)) & 0xffL) << i * 8;
            }
            return value;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    private void store(long gpa, int size, long value) {
        long stamp = lock.readLock();
        try {
            check(gpa, size, true);
            long address = resolve(gpa);
            if (piece(gpa, size) < size) {
                for (int i = 0; i < size; i++) {
                    memory.putByte(resolve(gpa + i), (byte) (value >>> i * 8));
                }
                return;
            }
            switch (size) {
                case 1 -> memory.putByte(address, (byte) value);
                case 2 -> memory.putShort(address, (short) value);
                case 4 -> memory.putInt(address, (int) value);
                default -> memory.putLong(address, value);
            }
        } finally {
            lock.unlockRead(stamp);
        }
    }

    void close() {
        if (mapping != null) {
            mapping.close();
        }
    }
}
