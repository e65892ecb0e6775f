package portcullis.soft.mmu;

/**
 * The second-level TLB: what the page walker found, by address space, kept until flushed. Global pages belong to every
 * address space. Direct-mapped; 4 KiB pages in one table, fragments of larger pages in another by 2 MiB.
 *
 * <p>Flushing an address space is a counter: entries remember the value they were made under (SDM 4.10.4 tells what each
 * operation must remove; removing more is always allowed, keeping less too).
 */
public final class Tlb {
    /** Flags in the low bits of {@link #data}. */
    public static final int WRITABLE = 1;

    public static final int USER = 2;
    public static final int EXECUTABLE = 4;
    public static final int DIRTY = 8;
    private static final int GLOBAL = 16;
    private static final int GIGANTIC = 32;
    private static final int KEY_SHIFT = 6;

    private static final int SMALL = 4096;
    private static final int LARGE = 1024;
    private static final int PCIDS = 4096;

    private final long[] smallPage = new long[SMALL];
    private final long[] smallData = new long[SMALL];
    private final long[] smallStamp = new long[SMALL];
    private final long[] largePage = new long[LARGE];
    private final long[] largeData = new long[LARGE];
    private final long[] largeStamp = new long[LARGE];

    private final int[] spaceGeneration = new int[PCIDS];
    private int globalGeneration = 1;
    private int epoch = 1;
    private boolean giganticSeen;

    /** Of the last hit: physical address of the 4 KiB page, flags in the low bits. */
    private long data;

    /** Looks up the page of {@code la} in address space {@code pcid}. */
    public boolean lookup(long la, int pcid) {
        long page = la >>> 12;
        int index = (int) page & SMALL - 1;
        if (smallPage[index] == page && valid(smallData[index], smallStamp[index], pcid)) {
            data = smallData[index];
            return true;
        }
        long largeNumber = la >>> 21;
        index = (int) largeNumber & LARGE - 1;
        if (largePage[index] == largeNumber && valid(largeData[index], largeStamp[index], pcid)) {
            data = largeData[index] + (la & 0x1ff000);
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
                ? (long) epoch << 44 | 1L << 43 | globalGeneration & 0x7fff_ffffL
                : (long) epoch << 44 | (long) pcid << 31 | spaceGeneration[pcid] & 0x7fff_ffffL;
    }

    /** Remembers the walker's last result for the page of {@code la}. */
    public void insert(long la, int pcid, PageWalker walk) {
        long flags = (walk.writable ? WRITABLE : 0)
                | (walk.user ? USER : 0)
                | (walk.executable ? EXECUTABLE : 0)
                | (walk.dirty ? DIRTY : 0)
                | (walk.global ? GLOBAL : 0)
                | (long) walk.key << KEY_SHIFT;
        if (walk.pageShift == 12) {
            int index = (int) (la >>> 12) & SMALL - 1;
            smallPage[index] = la >>> 12;
            smallData[index] = walk.gpa & ~0xfffL | flags;
            smallStamp[index] = stamp(walk.global, pcid);
            data = smallData[index];
            return;
        }
        if (walk.pageShift == 30) {
            flags |= GIGANTIC;
            giganticSeen = true;
        }
        int index = (int) (la >>> 21) & LARGE - 1;
        largePage[index] = la >>> 21;
        largeData[index] = walk.gpa & ~0x1fffffL | flags;
        largeStamp[index] = stamp(walk.global, pcid);
        data = largeData[index] + (la & 0x1ff000);
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

    /** Drops everything of one address space but global pages. */
    public void flushSpace(int pcid) {
        spaceGeneration[pcid]++;
    }

    /** Drops everything but global pages. */
    public void flushNonGlobal() {
        for (int pcid = 0; pcid < PCIDS; pcid++) {
            spaceGeneration[pcid]++;
        }
    }

    /** Drops everything. */
    public void flushAll() {
        epoch = epoch + 1 & 0xfffff;
        globalGeneration++;
        giganticSeen = false;
    }

    /**
     * Drops the page of {@code la} in address space {@code pcid}, or in all where {@code pcid} is negative, global or not.
     *
     * @return whether the page was larger than 4 KiB, so that first-level entries other than its own may stem from it
     */
    public boolean flushPage(long la, int pcid, boolean globalToo) {
        long page = la >>> 12;
        int index = (int) page & SMALL - 1;
        if (smallPage[index] == page && concerns(smallData[index], smallStamp[index], pcid, globalToo)) {
            smallStamp[index] = 0;
        }
        boolean large = false;
        long number = la >>> 21;
        index = (int) number & LARGE - 1;
        if (largePage[index] == number && concerns(largeData[index], largeStamp[index], pcid, globalToo)) {
            largeStamp[index] = 0;
            large = true;
        }
        if (giganticSeen) {
            for (int i = 0; i < LARGE; i++) {
                if ((largeData[i] & GIGANTIC) != 0
                        && largePage[i] >>> 9 == number >>> 9
                        && concerns(largeData[i], largeStamp[i], pcid, globalToo)) {
                    largeStamp[i] = 0;
                    large = true;
                }
            }
        }
        return large;
    }

    private boolean concerns(long entry, long stamp, int pcid, boolean globalToo) {
        if (stamp == 0) {
            return false;
        }
        boolean global = (entry & GLOBAL) != 0;
        return global ? globalToo : pcid < 0 || stamp == stamp(false, pcid);
    }
}
