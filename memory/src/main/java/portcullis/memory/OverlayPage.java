package portcullis.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import portcullis.memory.host.HostMemory;
import portcullis.state.StateWriter;

/**
 * A page of memory that is not the guest's own and lies over its physical address space where a {@link MemoryView} has placed
 * it: a hypercall page, a message page (TLFS hypercall-interface.md, "Establishing the Hypercall Interface").
 *
 * <p>Its content is the host's to read and write at any time, placed or not, by any thread; offsets are in bytes and
 * accesses stay inside the page. Zero-filled when made.
 */
public final class OverlayPage implements AutoCloseable {
    private final GuestMemory memory;
    private final long address;
    private final boolean guestWritable;
    private final List<MemoryView> placedIn = new ArrayList<>();
    private boolean closed;

    OverlayPage(GuestMemory memory, long address, boolean guestWritable) {
        this.memory = memory;
        this.address = address;
        this.guestWritable = guestWritable;
    }

    /** The backing address of its first byte: at or above 2^52, where no guest physical address can be. */
    public long address() {
        return address;
    }

    /** Whether the guest may write it. Where it may not, an engine reports the write as one to ROM. */
    public boolean guestWritable() {
        return guestWritable;
    }

    public byte getByte(int offset) {
        return memory.getByte(at(offset, 1));
    }

    public short getShort(int offset) {
        return memory.getShort(at(offset, 2));
    }

    public int getInt(int offset) {
        return memory.getInt(at(offset, 4));
    }

    public long getLong(int offset) {
        return memory.getLong(at(offset, 8));
    }

    public void putByte(int offset, byte value) {
        memory.putByte(at(offset, 1), value);
    }

    public void putShort(int offset, short value) {
        memory.putShort(at(offset, 2), value);
    }

    public void putInt(int offset, int value) {
        memory.putInt(at(offset, 4), value);
    }

    public void putLong(int offset, long value) {
        memory.putLong(at(offset, 8), value);
    }

    public void read(int offset, byte[] into, int from, int length) {
        memory.read(at(offset, length), into, from, length);
    }

    public void write(int offset, byte[] content, int from, int length) {
        memory.write(at(offset, length), content, from, length);
    }

    /** Sets all bytes to zero. */
    public void clear() {
        memory.fill(address, GuestMemory.PAGE_SIZE, (byte) 0);
    }

    /** Atomically sets bits of the word at {@code offset}, a multiple of 4; a full barrier. @return the word before */
    public int getAndSetBits(int offset, int bits) {
        int before = HostMemory.getAndBitwiseOrInt(memory.hostAddress(aligned(offset)), bits);
        memory.written(address + offset, 4);
        return before;
    }

    /** Atomically clears bits of the word at {@code offset}, a multiple of 4; a full barrier. @return the word before */
    public int getAndClearBits(int offset, int bits) {
        int before = HostMemory.getAndBitwiseAndInt(memory.hostAddress(aligned(offset)), ~bits);
        memory.written(address + offset, 4);
        return before;
    }

    /** A full-barrier compare-and-set of the word at {@code offset}, a multiple of 4. */
    public boolean compareAndSetInt(int offset, int expected, int value) {
        boolean done = HostMemory.compareAndSetInt(memory.hostAddress(aligned(offset)), expected, value);
        if (done) {
            memory.written(address + offset, 4);
        }
        return done;
    }

    /** Writes a page's backing address and content, or that there is none; where it is placed, views write. */
    public static void save(OverlayPage page, StateWriter out) {
        out.putBoolean(page != null);
        if (page != null) {
            byte[] content = new byte[GuestMemory.PAGE_SIZE];
            page.read(0, content, 0, content.length);
            out.putLong(page.address);
            out.putBytes(content, 0, Arrays.equals(content, new byte[content.length]) ? 0 : content.length);
        }
    }

    private long at(int offset, int length) {
        if (offset < 0 || length < 0 || length > GuestMemory.PAGE_SIZE - offset) {
            throw new IndexOutOfBoundsException("0x%x+0x%x is outside the page".formatted(offset, length));
        }
        return address + offset;
    }

    private long aligned(int offset) {
        if ((offset & 3) != 0) {
            throw new IllegalArgumentException("offset 0x%x is not a multiple of 4".formatted(offset));
        }
        return at(offset, 4);
    }

    void placed(MemoryView view) {
        synchronized (placedIn) {
            placedIn.add(view);
        }
    }

    void removed(MemoryView view) {
        synchronized (placedIn) {
            placedIn.remove(view);
        }
    }

    boolean isPlacedIn(MemoryView view) {
        synchronized (placedIn) {
            return placedIn.contains(view);
        }
    }

    /**
     * Removes it wherever it is placed and gives its memory back, to be used for another overlay page. Only when no virtual CPU
     * can hold a translation of it any more: whoever places overlays keeps the page for as long as CPUs live, or has had all
     * of them drop their translations since it was removed.
     */
    @Override
    public void close() {
        List<MemoryView> views;
        synchronized (placedIn) {
            if (closed) {
                return;
            }
            closed = true;
            views = List.copyOf(placedIn);
        }
        views.forEach(view -> view.remove(this));
        clear();
        memory.release(this);
    }
}
