package portcullis.memory;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import portcullis.memory.host.HostMapping;
import portcullis.memory.host.HostMemory;
import portcullis.state.StateReader;

/**
 * The guest's physical memory: RAM and ROM segments by guest physical address (GPA), in bytes.
 *
 * <p>RAM is committed by the host as the guest touches it. Accesses by devices and loaders go through the methods here,
 * which refuse what lies outside and tell the engine when they write over translated code; engines cache host addresses
 * ({@link #hostAddress}) in their TLBs and keep to the same two rules themselves.
 *
 * <p>Every page has a flag byte. {@link #PAGE_CODE} is set by an engine that holds translations of code in the page; a writer
 * that finds it set reports the write to the {@link CodeWriteListener}.
 *
 * <p>What a trust level sees of it is a {@link #view}: there overlay pages lie over guest physical addresses. The methods here
 * take <em>backing</em> addresses: GPAs of the memory itself, or {@link OverlayPage#address}. An address that a guest has
 * chosen goes through a view, which refuses the latter.
 */
public final class GuestMemory implements AutoCloseable {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;
    /** Trust levels, each with its own {@link #view}. */
    public static final int LEVELS = 3;

    /** The page holds code that an engine has translated. */
    public static final int PAGE_CODE = 1;
    /** The page has been written, by whomever: one without this flag is zero. Never cleared but where memory is restored. */
    public static final int PAGE_DIRTY = 2;

    /** An overlay page lies over the page: one bit a level, that of level 0. Kept by the views. */
    static final int PAGE_OVERLAID = 1 << 4;

    /** Told of writes into pages with {@link #PAGE_CODE}, after the bytes have changed. Called on the writer's thread. */
    @FunctionalInterface
    public interface CodeWriteListener {
        void codeWritten(long gpa, long length);
    }

    /** A contiguous run of RAM or ROM; {@code gpa} and {@code size} in bytes, page aligned. */
    public record Segment(long gpa, long size, boolean writable, long hostAddress) {
        boolean contains(long address) {
            return address - gpa >= 0 && address - gpa < size;
        }
    }

    private final List<HostMapping> mappings = new ArrayList<>();
    private volatile Segment[] segments = {};
    private final HostMapping flags;
    private final long limit;
    private volatile CodeWriteListener codeWriteListener = (gpa, length) -> {};
    private volatile OverlayPages overlays;
    /** Null for those that nobody has asked for. Replaced, never changed, with the monitor held. */
    private volatile MemoryView[] views = new MemoryView[LEVELS];

    /** @param addressBits width of guest physical addresses, at most 46; segments lie below 2^addressBits */
    public GuestMemory(int addressBits) {
        if (addressBits < 20 || addressBits > 46) {
            throw new IllegalArgumentException("address width must be 20 to 46 bits, not " + addressBits);
        }
        limit = 1L << addressBits;
        flags = HostMapping.reserve(limit >>> PAGE_SHIFT);
    }

    /** Guest physical addresses are below this. */
    public long limit() {
        return limit;
    }

    /** Adds zero-filled RAM. */
    public Segment addRam(long gpa, long size) {
        return add(gpa, size, true);
    }

    /** Adds memory that the guest can read and execute but not write, with {@code content} at its start. */
    public Segment addRom(long gpa, long size, byte[] content) {
        Segment segment = add(gpa, size, false);
        HostMemory.copy(content, 0, segment.hostAddress(), content.length);
        return segment;
    }

    private synchronized Segment add(long gpa, long size, boolean writable) {
        if (size <= 0 || ((gpa | size) & (PAGE_SIZE - 1)) != 0 || gpa < 0 || gpa + size > limit) {
            throw new IllegalArgumentException(
                    "segment 0x%x+0x%x is not page aligned inside guest memory".formatted(gpa, size));
        }
        for (Segment other : segments) {
            if (gpa < other.gpa + other.size && other.gpa < gpa + size) {
                throw new IllegalArgumentException("segment 0x%x+0x%x overlaps another".formatted(gpa, size));
            }
        }
        HostMapping mapping = HostMapping.reserve(size);
        mappings.add(mapping);
        Segment segment = new Segment(gpa, size, writable, mapping.address());
        Segment[] grown = java.util.Arrays.copyOf(segments, segments.length + 1);
        grown[segments.length] = segment;
        segments = grown;
        for (MemoryView view : views) {
            if (view != null) {
                view.memoryAdded(segment);
            }
        }
        return segment;
    }

    /** The segments, in the order they were added. */
    public List<Segment> segments() {
        return List.of(segments);
    }

    /** The segment that holds {@code gpa}, or null where there is no memory. */
    public Segment segmentAt(long gpa) {
        for (Segment segment : segments) {
            if (segment.contains(gpa)) {
                return segment;
            }
        }
        OverlayPages made = overlays;
        return made == null ? null : made.segmentAt(gpa);
    }

    /** Makes a zero-filled overlay page, placed nowhere yet. */
    public OverlayPage newOverlay(boolean guestWritable) {
        return overlay(overlayPages().allocate(guestWritable), guestWritable);
    }

    private OverlayPage overlay(long address, boolean guestWritable) {
        OverlayPage page = new OverlayPage(this, address, guestWritable);
        overlays.add(page);
        return page;
    }

    private OverlayPages overlayPages() {
        OverlayPages made = overlays;
        if (made == null) {
            synchronized (this) {
                if (overlays == null) {
                    overlays = new OverlayPages();
                }
                made = overlays;
            }
        }
        return made;
    }

    /**
     * Makes the overlay page that {@link OverlayPage#save} wrote: at the same backing address, placed nowhere yet. Null where that
     * wrote that there is none.
     */
    public OverlayPage restoreOverlay(StateReader in) {
        if (!in.getBoolean()) {
            return null;
        }
        long address = in.getLong();
        if (!overlayPages().allocateAt(address)) {
            throw in.refused("has an overlay page where none can be");
        }
        OverlayPage page = overlay(address, overlays.segmentAt(address).writable());
        byte[] content = in.getBytes();
        if (content.length != 0 && content.length != PAGE_SIZE) {
            throw in.refused("has an overlay page of %d bytes".formatted(content.length));
        }
        write(address, content, 0, content.length);
        return page;
    }

    /** The overlay page with this backing address, or null. */
    OverlayPage overlayAt(long address) {
        OverlayPages made = overlays;
        return made == null ? null : made.at(address);
    }

    void release(OverlayPage page) {
        overlays.release(page.address());
    }

    /** Guest memory as trust level {@code level}, 0 to 2, sees it. The same object at each call. */
    public MemoryView view(int level) {
        MemoryView made = views[level];
        return made != null ? made : makeView(level);
    }

    private synchronized MemoryView makeView(int level) {
        if (views[level] == null) {
            MemoryView[] more = views.clone();
            more[level] = new MemoryView(this, level, limit);
            views = more;
        }
        return views[level];
    }

    /** Width of guest physical addresses. */
    public int addressBits() {
        return Long.numberOfTrailingZeros(limit);
    }

    /** Host address of the byte at {@code gpa}, valid to the end of its page; 0 where there is no memory. */
    public long hostAddress(long gpa) {
        Segment segment = segmentAt(gpa);
        return segment == null ? 0 : segment.hostAddress + (gpa - segment.gpa);
    }

    /** Whether all of {@code [gpa, gpa + length)} is memory (RAM or ROM) of one segment. */
    public boolean contains(long gpa, long length) {
        Segment segment = segmentAt(gpa);
        return segment != null && length >= 0 && length <= segment.size - (gpa - segment.gpa);
    }

    private long checkedHost(long gpa, long length, boolean write) {
        Segment segment = segmentAt(gpa);
        boolean refused = write && segment != null && !segment.writable && gpa < OverlayPages.BASE;
        if (segment == null || length > segment.size - (gpa - segment.gpa) || refused) {
            throw new GuestAddressException(gpa, length);
        }
        return segment.hostAddress + (gpa - segment.gpa);
    }

    /** @throws GuestAddressException where the range is not all memory; so do all accessors below */
    public void read(long gpa, byte[] into, int offset, int length) {
        HostMemory.copy(checkedHost(gpa, length, false), into, offset, length);
    }

    public void write(long gpa, byte[] from, int offset, int length) {
        HostMemory.copy(from, offset, checkedHost(gpa, length, true), length);
        written(gpa, length);
    }

    public void fill(long gpa, long length, byte value) {
        HostMemory.fill(checkedHost(gpa, length, true), length, value);
        written(gpa, length);
    }

    /** Makes all RAM zero again. Pages that nobody has touched cost nothing. */
    public void zeroRam() {
        for (Segment segment : segments) {
            for (long gpa = segment.gpa; segment.writable && gpa < segment.gpa + segment.size; gpa += PAGE_SIZE) {
                if ((pageFlags(gpa) & PAGE_DIRTY) != 0) {
                    fill(gpa, PAGE_SIZE, (byte) 0);
                }
            }
        }
    }

    public byte getByte(long gpa) {
        return HostMemory.getByteAcquire(checkedHost(gpa, 1, false));
    }

    public short getShort(long gpa) {
        return HostMemory.getShortAcquire(checkedHost(gpa, 2, false));
    }

    public int getInt(long gpa) {
        return HostMemory.getIntAcquire(checkedHost(gpa, 4, false));
    }

    public long getLong(long gpa) {
        return HostMemory.getLongAcquire(checkedHost(gpa, 8, false));
    }

    public void putByte(long gpa, byte value) {
        HostMemory.putByteRelease(checkedHost(gpa, 1, true), value);
        written(gpa, 1);
    }

    public void putShort(long gpa, short value) {
        HostMemory.putShortRelease(checkedHost(gpa, 2, true), value);
        written(gpa, 2);
    }

    public void putInt(long gpa, int value) {
        HostMemory.putIntRelease(checkedHost(gpa, 4, true), value);
        written(gpa, 4);
    }

    public void putLong(long gpa, long value) {
        HostMemory.putLongRelease(checkedHost(gpa, 8, true), value);
        written(gpa, 8);
    }

    /** The flag byte of the page at {@code gpa}; 0 beyond the end. */
    public int pageFlags(long gpa) {
        if (gpa >= 0 && gpa < limit) {
            return HostMemory.getByte(flags.address() + (gpa >>> PAGE_SHIFT));
        }
        long address = overlayFlagAddress(gpa);
        return address == 0 ? 0 : HostMemory.getByte(address);
    }

    private long overlayFlagAddress(long address) {
        OverlayPages made = overlays;
        return made == null || made.segmentAt(address) == null ? 0 : made.flagAddress(address);
    }

    /** Sets and clears bits in the flag byte of the page at {@code gpa}, atomically; full barrier. Nothing beyond the end. */
    public void updatePageFlags(long gpa, int set, int clear) {
        long address = gpa >= 0 && gpa < limit ? flags.address() + (gpa >>> PAGE_SHIFT) : overlayFlagAddress(gpa);
        if (address == 0) {
            return;
        }
        long word = address & ~3L;
        int shift = (int) (address & 3) * 8;
        int before;
        int after;
        do {
            before = HostMemory.getIntVolatile(word);
            after = (before & ~((clear & 0xff) << shift)) | ((set & 0xff) << shift);
        } while (!HostMemory.compareAndSetInt(word, before, after));
    }

    public void setCodeWriteListener(CodeWriteListener listener) {
        codeWriteListener = listener;
    }

    /** To be called by whoever wrote through a host address: marks dirty, and tells the listener of code overwritten. */
    public void written(long gpa, long length) {
        // First the bytes, then the look at the flags. An engine sets the flag first and then reads the bytes: one
        // of us sees the other. Without a barrier the host may look while our store is still on its way.
        VarHandle.fullFence();
        for (long page = gpa & -PAGE_SIZE; page < gpa + length; page += PAGE_SIZE) {
            int flagByte = pageFlags(page);
            if ((flagByte & PAGE_DIRTY) == 0) {
                updatePageFlags(page, PAGE_DIRTY, 0);
            }
            if ((flagByte & PAGE_CODE) != 0) {
                long from = Math.max(page, gpa);
                codeWriteListener.codeWritten(from, Math.min(page + PAGE_SIZE, gpa + length) - from);
            }
        }
    }

    @Override
    public void close() {
        mappings.forEach(HostMapping::close);
        flags.close();
        if (overlays != null) {
            overlays.close();
        }
        for (MemoryView view : views) {
            if (view != null) {
                view.close();
            }
        }
    }
}
