package portcullis.memory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Supplier;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Guest physical memory as one trust level sees it: the memory itself, overlay pages over it, and what higher levels refuse
 * (TLFS vsm.md, "Memory Access Protections"; protections go by guest physical address, whatever lies there).
 *
 * <p>An engine asks about every guest physical address (GPA) that it has no cached translation for; a view without overlays and
 * protections costs it one field test. The accessors here are for whoever acts for the guest: devices (level 0), hypercall
 * input and output. They refuse with {@link GuestAddressException} what is not all memory, what protections forbid, and
 * writes to what the guest may not write. Loaders and debuggers use {@link GuestMemory} and meet no protections.
 *
 * <p>Thread safe. A change is seen by whoever resolves after it; cached translations are dropped by the listeners ({@link
 * #onChange}).
 */
public final class MemoryView implements Saved {
    /** In {@link #restrictions}, beside what is refused: an overlay page lies here. */
    public static final int OVERLAID = 1 << 4;

    private static final int CONTENT = Protection.READ | Protection.WRITE;
    private static final int CODE = Protection.KERNEL_EXECUTE | Protection.USER_EXECUTE;

    private final GuestMemory memory;
    private final int level;
    private final long limit;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final StampedLock lock = new StampedLock();
    /** This level's overlay bit among the page flags. */
    private final int overlaidFlag;

    /** Guarded by the lock. */
    private final Placements placements;

    /** Guarded by the lock. */
    private final PageProtections protections;
    /** What each level above refuses on memory that is added later; by level. Guarded by the lock. */
    private final int[] refusedByDefault = new int[GuestMemory.LEVELS];

    /** Levels, a bit each, for which writable overlay pages are not code. Changed under the lock. */
    private volatile int noCode;

    /** Not plain memory any more: overlays or protections have been there. */
    private volatile boolean special;

    MemoryView(GuestMemory memory, int level, long limit) {
        this.memory = memory;
        this.level = level;
        this.limit = limit;
        overlaidFlag = GuestMemory.PAGE_OVERLAID << level;
        placements = new Placements(memory, overlaidFlag);
        protections = new PageProtections(limit);
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
     * The backing address of a guest physical address, whatever is refused there: itself, or that of the overlay page that
     * lies there. Addresses beyond guest memory are returned as they are.
     */
    public long resolve(long gpa) {
        if (!special || (memory.pageFlags(gpa) & overlaidFlag) == 0) {
            return gpa;
        }
        long backing = placements.backingOf(gpa & -GuestMemory.PAGE_SIZE);
        return covers(gpa, backing) ? backing | gpa & GuestMemory.PAGE_SIZE - 1 : gpa;
    }

    /**
     * Whether an overlay page is seen at {@code gpa}. What a higher level keeps from being written cannot be covered with what this
     * level has written: it would see its own where the other vouches for what is there.
     */
    private boolean covers(long gpa, long backing) {
        return (protections.refused(gpa) & CONTENT) == 0 || !guestWrites(backing);
    }

    private boolean guestWrites(long backing) {
        GuestMemory.Segment segment = memory.segmentAt(backing);
        return segment != null && segment.writable();
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
        change(() -> {
            if (!placements.place(page, gpa)) {
                page.placed(this);
            }
        });
    }

    /** Takes {@code page} away; what it covered comes back. Nothing happens where it is not placed. */
    public void remove(OverlayPage page) {
        if (page.isPlacedIn(this)) {
            change(() -> {
                if (placements.remove(page)) {
                    page.removed(this);
                }
            });
        }
    }

    // ---- protections -------------------------------------------------------------------------------------------

    /**
     * What an engine must know of the page at {@code gpa} beyond the memory itself: the {@link Protection} bits that are
     * refused, and {@link #OVERLAID}. 0 for plain memory that everything may be done with.
     */
    public int restrictions(long gpa) {
        if (!special || gpa < 0 || gpa >= limit) {
            return 0;
        }
        int refused = protections.refused(gpa);
        if ((memory.pageFlags(gpa) & overlaidFlag) == 0) {
            return refused;
        }
        boolean written = guestWrites(placements.backingOf(gpa & -GuestMemory.PAGE_SIZE));
        if (written && (refused & CONTENT) != 0) {
            // Not seen: see covers().
            return refused;
        }
        return refused | OVERLAID | (written && noCode != 0 ? CODE : 0);
    }

    /** What may be done at {@code gpa}, as {@link Protection} bits: what all higher levels allow. */
    public int protection(long gpa) {
        return Protection.ALL & ~restrictions(gpa);
    }

    /** What level {@code by} allows at {@code gpa}. */
    public int protection(int by, long gpa) {
        int above = above(by);
        if (gpa < 0 || gpa >= limit) {
            return Protection.ALL;
        }
        long backing = resolve(gpa & -GuestMemory.PAGE_SIZE);
        boolean noCodeThere = (noCode >>> by & 1) != 0 && backing >= limit && guestWrites(backing);
        return Protection.ALL & ~(protections.refusedBy(above, gpa) | (noCodeThere ? CODE : 0));
    }

    /**
     * From now on level {@code by} decides what is code here. It does so by guest physical addresses; an overlay page may lie at any,
     * also where there is no memory to protect, and so no overlay page that the guest can write, or have written, is code.
     */
    public void refuseCodeOnOverlays(int by) {
        above(by);
        change(() -> noCode |= 1 << by);
    }

    /**
     * Sets what level {@code by} allows on pages that are memory.
     *
     * @param by a higher level than this view's
     * @param gpa page aligned
     * @param pages number of pages
     * @param allowed {@link Protection} bits
     * @throws IllegalArgumentException where a page is no memory; then nothing has changed
     */
    public void protect(int by, long gpa, long pages, int allowed) {
        int above = above(by);
        if (pages < 0 || pages > limit >>> GuestMemory.PAGE_SHIFT) {
            throw new IllegalArgumentException("there are no %d pages at 0x%x".formatted(pages, gpa));
        }
        for (long i = 0; i < pages; i++) {
            checkPage(gpa + (i << GuestMemory.PAGE_SHIFT));
        }
        change(() -> {
            for (long i = 0; i < pages; i++) {
                protections.refuse(above, gpa + (i << GuestMemory.PAGE_SHIFT), refused(allowed));
            }
        });
    }

    /** The same for the first {@code count} of {@code gpas}: one change. */
    public void protect(int by, long[] gpas, int count, int allowed) {
        int above = above(by);
        for (int i = 0; i < count; i++) {
            checkPage(gpas[i]);
        }
        change(() -> {
            for (int i = 0; i < count; i++) {
                protections.refuse(above, gpas[i], refused(allowed));
            }
        });
    }

    /** Sets what level {@code by} allows on all memory there is, and on what is added later. */
    public void protectAll(int by, int allowed) {
        int above = above(by);
        change(() -> {
            refusedByDefault[by] = refused(allowed);
            memory.segments().forEach(segment -> protections.refuseAll(above, segment, refused(allowed)));
        });
    }

    /** Everything may be done with all memory again, overlay pages included: partition reset. Overlays stay. */
    public void unprotect() {
        for (int by = level + 1; by < GuestMemory.LEVELS; by++) {
            protectAll(by, Protection.ALL);
        }
        change(() -> noCode = 0);
    }

    void memoryAdded(GuestMemory.Segment segment) {
        for (int by = level + 1; by < GuestMemory.LEVELS; by++) {
            int refused = refusedByDefault[by];
            int above = above(by);
            if (refused != 0) {
                change(() -> protections.refuseAll(above, segment, refused));
            }
        }
    }

    /**
     * Does {@code walk} while nothing of the view changes: for who looks at restrictions and then at the memory itself, outside guest
     * mode. A change waits for it. Not for accessors of the view, nor changes.
     */
    public <T> T steady(Supplier<T> walk) {
        long stamp = lock.readLock();
        try {
            return walk.get();
        } finally {
            lock.unlockRead(stamp);
        }
    }

    private void change(Runnable how) {
        long stamp = lock.writeLock();
        try {
            special = true;
            how.run();
        } finally {
            lock.unlockWrite(stamp);
        }
        // Without the lock: listeners wait for VPs to leave guest mode, and those may need it on their way.
        changed();
    }

    private static int refused(int allowed) {
        return Protection.ALL & ~allowed;
    }

    private int above(int by) {
        if (by <= level || by >= GuestMemory.LEVELS) {
            throw new IllegalArgumentException("level %d has no say over level %d".formatted(by, level));
        }
        return by - level - 1;
    }

    private void checkPage(long gpa) {
        boolean inside = (gpa & GuestMemory.PAGE_SIZE - 1) == 0 && gpa >= 0 && gpa < limit;
        if (!inside || memory.segmentAt(gpa) == null) {
            throw new IllegalArgumentException("no page of memory begins at 0x%x".formatted(gpa));
        }
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
        if (!special && memory.contains(gpa, length)) {
            return !write || memory.segmentAt(gpa).writable();
        }
        for (long page = gpa & -GuestMemory.PAGE_SIZE; page < gpa + length; page += GuestMemory.PAGE_SIZE) {
            GuestMemory.Segment segment = memory.segmentAt(resolve(page));
            int wanted = write ? Protection.READ | Protection.WRITE : Protection.READ;
            if (segment == null || write && !segment.writable() || (restrictions(page) & wanted) != 0) {
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
            if (!special && length == (int) length && memory.contains(gpa, length)) {
                part.access(gpa, 0, (int) length);
                return;
            }
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
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0 && piece(gpa, length) == length && accessible(gpa, length, false)) {
            long address = resolve(gpa);
            if (memory.segmentAt(address) != null) {
                memory.read(address, into, offset, length);
                if (lock.validate(stamp)) {
                    return;
                }
            }
        }
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
        // Reads by many processors at once must not fight for the lock.
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0 && accessible(gpa, size, false) && piece(gpa, size) == size) {
            long address = resolve(gpa);
            if (memory.segmentAt(address) != null) {
                long value = loadPiece(address, size);
                if (lock.validate(stamp)) {
                    return value;
                }
            }
        }
        stamp = lock.readLock();
        try {
            check(gpa, size, false);
            if (piece(gpa, size) == size) {
                return loadPiece(resolve(gpa), size);
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

    private long loadPiece(long address, int size) {
        return switch (size) {
            case 1 -> memory.getByte(address);
            case 2 -> memory.getShort(address);
            case 4 -> memory.getInt(address);
            default -> memory.getLong(address);
        };
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

    // ---- saved state -------------------------------------------------------------------------------------------

    /**
     * Which overlay pages lie where, in which order, and what is refused. The overlay pages themselves are the state of whoever
     * made them.
     */
    @Override
    public void save(StateWriter out) {
        long stamp = lock.readLock();
        try {
            out.putBoolean(special);
            out.putInt(noCode);
            out.putInts(refusedByDefault);
            placements.save(out);
            protections.save(memory.segments(), out);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** When the pages have been restored. Tells no listener: nobody has translations of the view yet but those that belong to it. */
    @Override
    public void restore(StateReader in) {
        long stamp = lock.writeLock();
        try {
            special = in.getBoolean();
            noCode = in.getInt(0, (1 << GuestMemory.LEVELS) - 1);
            in.getInts(refusedByDefault);
            placements.restore(in, limit).forEach(page -> page.placed(this));
            protections.restore(memory, in);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    void close() {
        protections.close();
    }
}
