package portcullis.soft.mmu;

import java.util.Arrays;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The second-level TLB: what the page walker found, by address space, kept until flushed. Global pages belong to every
 * address space. Direct-mapped; 4 KiB pages in one table, fragments of larger pages in another by 2 MiB.
 *
 * <p>Flushing an address space is a counter: entries remember the value they were made under (SDM 4.10.4 tells what each
 * operation must remove; removing more is always allowed, keeping less too). Flushes by CR3 value (the hypercalls') go by the
 * PCIDs whose translations were made under it.
 */
public final class Tlb {
    /** Flags in the low bits of {@link #data}. */
    public static final int WRITABLE = 1;

    public static final int USER = 2;
    public static final int EXECUTABLE = 4;
    public static final int DIRTY = 8;
    private static final int GLOBAL = 16;
    /** A fragment of a 1 GiB page. */
    private static final int GIGANTIC = 32;

    private static final int KEY_SHIFT = 6;
    /** A half of a 4 MiB page. */
    private static final int FOUR_MEGA = 1 << 10;

    /** For the flushes by CR3 value: all address spaces. */
    public static final long ALL_SPACES = -1;

    private static final int SMALL = 4096;
    private static final int LARGE = 1024;
    private static final int PCIDS = 4096;
    private static final int GENERATION = 0x7fff_ffff;
    private static final int EPOCHS = 1 << 19;
    /** Bits that a guest physical address can have. */
    private static final long PHYSICAL = (1L << 52) - 1;

    private static final long LAST_PAGE = (1L << 52) - 1;

    private final long[] smallPage = new long[SMALL];
    private final long[] smallData = new long[SMALL];
    private final long[] smallStamp = new long[SMALL];
    private final long[] largePage = new long[LARGE];
    private final long[] largeData = new long[LARGE];
    private final long[] largeStamp = new long[LARGE];

    private final int[] spaceGeneration = new int[PCIDS];
    private int globalGeneration = 1;
    private int epoch = 1;
    private final AddressSpaces spaces = new AddressSpaces();
    /** In which gibibytes (number modulo 64, a bit each) 1 GiB pages were seen. */
    private long giganticSeen;
    /** Where large pages were displaced that first-level entries may still stem from: gibibytes, likewise. */
    private long displaced;

    private boolean fourMegaSeen;

    // What the flush under way concerns.
    private int onlyPcid;
    private long onlySpace;
    private boolean globalToo;

    /** Of the last hit: physical address of the 4 KiB page, flags in the low bits. */
    private long data;
    /** The last hit was a fragment of a larger page. */
    private boolean fragment;

    /** Looks up the page of {@code la} in address space {@code pcid}. */
    public boolean lookup(long la, int pcid) {
        long page = la >>> 12;
        int index = (int) page & SMALL - 1;
        if (smallPage[index] == page && valid(smallData[index], smallStamp[index], pcid)) {
            data = smallData[index];
            fragment = false;
            return true;
        }
        long largeNumber = la >>> 21;
        index = (int) largeNumber & LARGE - 1;
        if (largePage[index] == largeNumber && valid(largeData[index], largeStamp[index], pcid)) {
            data = largeData[index] + (la & 0x1ff000);
            fragment = true;
            return true;
        }
        return false;
    }

    private boolean valid(long entry, long stamp, int pcid) {
        return stamp == stamp((entry & GLOBAL) != 0, pcid);
    }

    /** Never zero, so that empty entries match nothing. */
    private long stamp(boolean global, int pcid) {
        return global
                ? (long) epoch << 44 | 1L << 43 | globalGeneration
                : (long) epoch << 44 | (long) pcid << 31 | spaceGeneration[pcid];
    }

    private static int pcidOf(long stamp) {
        return (int) (stamp >>> 31) & PCIDS - 1;
    }

    /**
     * Tells under which page tables what is inserted from now on was made.
     *
     * @return false where everything that is not global had to be dropped for want of memory
     */
    public boolean enter(int pcid, long base) {
        if (spaces.enter(pcid, base)) {
            return true;
        }
        flushNonGlobal();
        return false;
    }

    /** Remembers the walker's last result for the page of {@code la}. */
    public void insert(long la, int pcid, PageWalker walk) {
        long flags = (walk.writable ? WRITABLE : 0)
                | (walk.user ? USER : 0)
                | (walk.executable ? EXECUTABLE : 0)
                | (walk.dirty ? DIRTY : 0)
                | (walk.global ? GLOBAL : 0)
                | (long) walk.key << KEY_SHIFT;
        long stamp = stamp(walk.global, pcid);
        if (walk.pageShift == 12) {
            int index = (int) (la >>> 12) & SMALL - 1;
            smallPage[index] = la >>> 12;
            smallData[index] = walk.gpa & ~0xfffL | flags;
            smallStamp[index] = stamp;
            data = smallData[index];
            fragment = false;
            return;
        }
        if (walk.pageShift == 30) {
            flags |= GIGANTIC;
            giganticSeen |= gibibyte(la >>> 21);
        } else if (walk.pageShift == 22) {
            flags |= FOUR_MEGA;
            fourMegaSeen = true;
        }
        int index = (int) (la >>> 21) & LARGE - 1;
        if (largePage[index] != la >>> 21 || largeStamp[index] != stamp) {
            noteDisplaced(index);
        }
        largePage[index] = la >>> 21;
        largeData[index] = walk.gpa & ~0x1fffffL | flags;
        largeStamp[index] = stamp;
        data = largeData[index] + (la & 0x1ff000);
        fragment = true;
    }

    private static long gibibyte(long largeNumber) {
        return 1L << (largeNumber >>> 9);
    }

    private void noteDisplaced(int index) {
        long stamp = largeStamp[index];
        if (stamp != 0 && valid(largeData[index], stamp, pcidOf(stamp))) {
            displaced |= gibibyte(largePage[index]);
        }
    }

    /** Whether first-level entries in the gibibyte of {@code la} may stem from large pages that are not cached here any more. */
    public boolean displacedNear(long la) {
        return (displaced & gibibyte(la >>> 21)) != 0;
    }

    /** No first-level entry is left of what was cached before. */
    public void firstLevelForgotten() {
        displaced = 0;
    }

    /** Whether pages near {@code la} may be larger than 2 MiB. */
    public boolean hugeNear(long la) {
        return fourMegaSeen || (giganticSeen & gibibyte(la >>> 21)) != 0;
    }

    /** Whether the last hit was a part of a larger page. */
    public boolean isFragment() {
        return fragment;
    }

    public long page() {
        return data & ~0xfffL;
    }

    public boolean has(int flag) {
        return (data & flag) != 0;
    }

    public int key() {
        return (int) (data >>> KEY_SHIFT) & 0xf;
    }

    // ---- address spaces ----------------------------------------------------------------------------------------

    /** Drops everything of one address space but global pages. */
    public void flushSpace(int pcid) {
        nextGeneration(pcid);
        spaces.forget(pcid);
    }

    /** Drops everything but global pages. */
    public void flushNonGlobal() {
        for (int pcid = 0; pcid < PCIDS; pcid++) {
            nextGeneration(pcid);
        }
        spaces.forgetAll();
    }

    private void nextGeneration(int pcid) {
        spaceGeneration[pcid] = spaceGeneration[pcid] + 1 & GENERATION;
        if (spaceGeneration[pcid] == 0) {
            clear();
        }
    }

    /** Drops global pages. */
    public void flushGlobal() {
        globalGeneration = globalGeneration + 1 & GENERATION;
        if (globalGeneration == 0) {
            clear();
        }
    }

    /** Drops everything. */
    public void flushAll() {
        epoch++;
        if (epoch == EPOCHS) {
            epoch = 1;
            clear();
        }
        giganticSeen = 0;
        fourMegaSeen = false;
        spaces.forgetAll();
    }

    /** A counter has come round: what is left from its last round must not become valid again. */
    private void clear() {
        Arrays.fill(smallStamp, 0);
        Arrays.fill(largeStamp, 0);
        displaced = -1;
    }

    /** PCIDs with translations made under the page tables at {@code base}. @return how many of {@code into} are filled */
    public int pcidsUnder(long base, int[] into) {
        return spaces.under(base, into);
    }

    /** Room that {@link #pcidsUnder} may need. */
    public static int maxPcidsUnder() {
        return AddressSpaces.capacity();
    }

    // ---- pages -------------------------------------------------------------------------------------------------

    /**
     * Drops the page of {@code la} in address space {@code pcid}, or in all where {@code pcid} is negative.
     *
     * @param globals also where it is a global one
     * @return whether the page was larger than 4 KiB, so that first-level entries other than its own may stem from it
     */
    public boolean flushPage(long la, int pcid, boolean globals) {
        onlyPcid = pcid;
        onlySpace = ALL_SPACES;
        globalToo = globals;
        return flushPages(la >>> 12, la >>> 12);
    }

    /**
     * Drops all pages that overlap {@code pages} 4 KiB pages from that of {@code la} on, of address spaces with the page tables
     * at {@code base} or of {@link #ALL_SPACES}.
     *
     * @return as {@link #flushPage}
     */
    public boolean flushRange(long la, long pages, long base, boolean globals) {
        if (pages <= 0) {
            return false;
        }
        onlyPcid = -1;
        onlySpace = base;
        globalToo = globals;
        long first = la >>> 12;
        return flushPages(first, first + Math.min(pages - 1, LAST_PAGE - first));
    }

    private boolean flushPages(long first, long last) {
        if (last - first < SMALL) {
            for (long page = first; page <= last; page++) {
                int index = (int) page & SMALL - 1;
                if (smallPage[index] == page && concerned(smallData[index], smallStamp[index])) {
                    smallStamp[index] = 0;
                }
            }
        } else {
            for (int index = 0; index < SMALL; index++) {
                long page = smallPage[index];
                if (page >= first && page <= last && concerned(smallData[index], smallStamp[index])) {
                    smallStamp[index] = 0;
                }
            }
        }
        long firstLarge = first >>> 9;
        long lastLarge = last >>> 9;
        if (lastLarge - firstLarge >= LARGE || giganticIn(firstLarge, lastLarge)) {
            return scanLarge(firstLarge, lastLarge);
        }
        boolean large = false;
        long from = fourMegaSeen ? firstLarge & ~1L : firstLarge;
        long to = fourMegaSeen ? lastLarge | 1 : lastLarge;
        for (long number = from; number <= to; number++) {
            int index = (int) number & LARGE - 1;
            if (largePage[index] == number) {
                large |= dropLarge(index, firstLarge, lastLarge);
            }
        }
        return large;
    }

    private boolean giganticIn(long firstLarge, long lastLarge) {
        return giganticSeen != 0
                && (lastLarge - firstLarge >= 512
                        || (giganticSeen & (gibibyte(firstLarge) | gibibyte(lastLarge))) != 0);
    }

    private boolean scanLarge(long firstLarge, long lastLarge) {
        boolean large = false;
        for (int index = 0; index < LARGE; index++) {
            large |= dropLarge(index, firstLarge, lastLarge);
        }
        return large;
    }

    /** Drops the fragment at {@code index} if its page overlaps the range and the flush concerns it. */
    private boolean dropLarge(int index, long firstLarge, long lastLarge) {
        long entry = largeData[index];
        int shift = (entry & GIGANTIC) != 0 ? 9 : (entry & FOUR_MEGA) != 0 ? 1 : 0;
        long number = largePage[index] >>> shift;
        if (number < firstLarge >>> shift || number > lastLarge >>> shift || !concerned(entry, largeStamp[index])) {
            return false;
        }
        largeStamp[index] = 0;
        return true;
    }

    private boolean concerned(long entry, long stamp) {
        if (stamp == 0) {
            return false;
        }
        if ((entry & GLOBAL) != 0) {
            return globalToo;
        }
        int pcid = pcidOf(stamp);
        return (onlyPcid < 0 || onlyPcid == pcid) && (onlySpace == ALL_SPACES || spaces.made(pcid, onlySpace));
    }

    // ---- saved state -----------------------------------------------------------------------------------------------

    /**
     * Writes the entries that count. A guest can tell whether a translation is cached: one that it has changed in memory and not
     * flushed goes on to be used, and none that it held back with a flush inhibited may go.
     */
    public void save(StateWriter out) {
        save(out, smallPage, smallData, smallStamp);
        save(out, largePage, largeData, largeStamp);
        out.putLong(displaced);
        spaces.save(out);
    }

    private void save(StateWriter out, long[] pages, long[] entries, long[] stamps) {
        int count = 0;
        for (int i = 0; i < pages.length; i++) {
            count += valid(entries[i], stamps[i], pcidOf(stamps[i])) ? 1 : 0;
        }
        out.putInt(count);
        for (int i = 0; i < pages.length; i++) {
            if (valid(entries[i], stamps[i], pcidOf(stamps[i]))) {
                out.putLong(pages[i]);
                out.putLong(entries[i]);
                out.putInt(pcidOf(stamps[i]));
            }
        }
    }

    /** Takes up saved entries in place of all there are. */
    public void restore(StateReader in) {
        flushAll();
        restore(in, smallPage, smallData, smallStamp);
        restore(in, largePage, largeData, largeStamp);
        displaced = in.getLong();
        spaces.restore(in);
    }

    private void restore(StateReader in, long[] pages, long[] entries, long[] stamps) {
        for (int count = in.getInt(0, pages.length); count > 0; count--) {
            long page = in.getLong();
            long entry = in.getLong() & PHYSICAL;
            int pcid = in.getInt(0, PCIDS - 1);
            int index = (int) page & pages.length - 1;
            pages[index] = page;
            entries[index] = entry;
            stamps[index] = stamp((entry & GLOBAL) != 0, pcid);
            if ((entry & GIGANTIC) != 0) {
                giganticSeen |= gibibyte(page);
            }
            fourMegaSeen |= (entry & FOUR_MEGA) != 0;
        }
    }
}
