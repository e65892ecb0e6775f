package portcullis.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import portcullis.memory.host.HostMapping;

/**
 * Where overlay pages live: two segments of their own, at addresses that no guest can name (physical addresses have at most 52
 * bits). Pages that the guest may write and pages that it may not lie in different segments, so that an engine treats the
 * latter like ROM.
 */
final class OverlayPages implements AutoCloseable {
    /** The first backing address of an overlay page. */
    static final long BASE = 1L << 52;
    /** Pages of each kind. */
    private static final int PAGES = 1 << 16;

    private static final long SIZE = (long) PAGES << GuestMemory.PAGE_SHIFT;

    private final HostMapping[] mappings = new HostMapping[2];
    private final GuestMemory.Segment[] segments = new GuestMemory.Segment[2];
    private final int[] used = new int[2];
    private final Deque<Long> free = new ArrayDeque<>();
    private final Deque<Long> freeReadOnly = new ArrayDeque<>();
    private final HostMapping flags = HostMapping.reserve(2 * PAGES);
    /** Those in use, by address. */
    private final Map<Long, OverlayPage> pages = new HashMap<>();

    OverlayPages() {
        for (int kind = 0; kind < 2; kind++) {
            mappings[kind] = HostMapping.reserve(SIZE);
            segments[kind] = new GuestMemory.Segment(BASE + kind * SIZE, SIZE, kind == 0, mappings[kind].address());
        }
    }

    /** The segment of a backing address, or null. */
    GuestMemory.Segment segmentAt(long address) {
        long offset = address - BASE;
        return offset < 0 || offset >= 2 * SIZE ? null : segments[offset < SIZE ? 0 : 1];
    }

    /** Host address of the flag byte of a page. */
    long flagAddress(long address) {
        return flags.address() + (address - BASE >>> GuestMemory.PAGE_SHIFT);
    }

    /** @throws IllegalStateException when all are in use */
    synchronized long allocate(boolean guestWritable) {
        Deque<Long> freed = guestWritable ? free : freeReadOnly;
        if (!freed.isEmpty()) {
            return freed.pop();
        }
        int kind = guestWritable ? 0 : 1;
        if (used[kind] == PAGES) {
            throw new IllegalStateException("all " + PAGES + " overlay pages are in use");
        }
        return segments[kind].gpa() + ((long) used[kind]++ << GuestMemory.PAGE_SHIFT);
    }

    /**
     * Takes the page at {@code address}, of a machine that was saved.
     *
     * @return false where it cannot be had
     */
    synchronized boolean allocateAt(long address) {
        GuestMemory.Segment segment = segmentAt(address);
        if (segment == null || (address & GuestMemory.PAGE_SIZE - 1) != 0) {
            return false;
        }
        int kind = segment.writable() ? 0 : 1;
        Deque<Long> freed = segment.writable() ? free : freeReadOnly;
        while (segment.gpa() + ((long) used[kind] << GuestMemory.PAGE_SHIFT) <= address) {
            freed.add(segment.gpa() + ((long) used[kind]++ << GuestMemory.PAGE_SHIFT));
        }
        return freed.remove(address);
    }

    synchronized void add(OverlayPage page) {
        pages.put(page.address(), page);
    }

    /** The page in use at {@code address}, or null. */
    synchronized OverlayPage at(long address) {
        return pages.get(address);
    }

    synchronized void release(long address) {
        pages.remove(address);
        (segmentAt(address).writable() ? free : freeReadOnly).push(address);
    }

    @Override
    public void close() {
        for (HostMapping mapping : mappings) {
            mapping.close();
        }
        flags.close();
    }
}
