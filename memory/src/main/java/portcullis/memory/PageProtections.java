package portcullis.memory;

import java.util.List;
import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What trust levels above have refused to a level, for each page: a byte a page, made at the first protection. The low half
 * holds what the next higher level refuses, the high half what the one above that does. Changed under its view's lock, read
 * by anybody.
 */
final class PageProtections implements AutoCloseable {
    private static final int BITS = 4;

    private final long limit;
    private HostMapping mapping;
    /** Host address of the bytes, 0 while nothing was ever refused. */
    private volatile long bytes;

    PageProtections(long limit) {
        this.limit = limit;
    }

    /** What nobody may do at {@code gpa}, an address inside guest memory: {@link Protection} bits that are refused. */
    int refused(long gpa) {
        long address = bytes;
        if (address == 0) {
            return 0;
        }
        int both = HostMemory.getByte(address + (gpa >>> GuestMemory.PAGE_SHIFT));
        return (both | both >>> BITS) & Protection.ALL;
    }

    /** What one level refuses. @param above how many levels it is above the one that is protected from, less one */
    int refusedBy(int above, long gpa) {
        long address = bytes;
        return address == 0
                ? 0
                : HostMemory.getByte(address + (gpa >>> GuestMemory.PAGE_SHIFT)) >>> above * BITS & Protection.ALL;
    }

    void refuse(int above, long gpa, int refused) {
        if (refused == 0 && mapping == null) {
            return;
        }
        make();
        long address = bytes + (gpa >>> GuestMemory.PAGE_SHIFT);
        int shift = above * BITS;
        int value = HostMemory.getByte(address) & ~(Protection.ALL << shift) | refused << shift;
        HostMemory.putByteRelease(address, (byte) value);
    }

    void refuseAll(int above, GuestMemory.Segment segment, int refused) {
        if (refused == 0 && mapping == null) {
            return;
        }
        for (long gpa = segment.gpa(); gpa < segment.gpa() + segment.size(); gpa += GuestMemory.PAGE_SIZE) {
            refuse(above, gpa, refused);
        }
    }

    private void make() {
        if (mapping == null) {
            mapping = HostMapping.reserve(limit >>> GuestMemory.PAGE_SHIFT);
            bytes = mapping.address();
        }
    }

    @Override
    public void close() {
        if (mapping != null) {
            mapping.close();
        }
    }

    // Saved state: runs of pages that are alike

    void save(List<GuestMemory.Segment> segments, StateWriter out) {
        out.putBoolean(mapping != null);
        if (mapping == null) {
            return;
        }
        for (GuestMemory.Segment segment : segments) {
            long pages = segment.size() >>> GuestMemory.PAGE_SHIFT;
            long first = bytes + (segment.gpa() >>> GuestMemory.PAGE_SHIFT);
            for (long at = 0; at < pages; ) {
                byte value = HostMemory.getByte(first + at);
                long end = at + 1;
                while (end < pages && HostMemory.getByte(first + end) == value) {
                    end++;
                }
                out.putLong(end - at);
                out.putByte(value);
                at = end;
            }
        }
    }

    void restore(GuestMemory memory, StateReader in) {
        if (!in.getBoolean()) {
            return;
        }
        make();
        for (GuestMemory.Segment segment : memory.segments()) {
            long pages = segment.size() >>> GuestMemory.PAGE_SHIFT;
            long first = bytes + (segment.gpa() >>> GuestMemory.PAGE_SHIFT);
            for (long at = 0; at < pages; ) {
                long count = in.getLong();
                byte value = (byte) in.getByte();
                if (count < 1 || count > pages - at) {
                    throw in.refused("protects %d pages of %d".formatted(count, pages - at));
                }
                HostMemory.fill(first + at, count, value);
                at += count;
            }
        }
    }
}
