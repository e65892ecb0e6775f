package portcullis.soft.block;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import portcullis.memory.GuestMemory;

/**
 * All blocks of an engine, by the physical pages that they lie in, and the tracking that drops them when these are written.
 *
 * <p>A page is <em>opened</em> before its bytes are read for decoding: its {@link GuestMemory#PAGE_CODE} flag goes up, and
 * first-level TLB entries that would let a store pass unseen are taken away. From then on each store there is seen by {@link
 * #codeWritten}, which drops the blocks it hits and counts the page's version, so that a block decoded from older bytes is not
 * added.
 */
final class CodePages implements GuestMemory.CodeWriteListener {
    private static final int BUCKETS = 64;

    /** Blocks of one physical page. Guarded by itself. */
    static final class Page {
        final long gpa;
        private final Block[] buckets = new Block[BUCKETS];
        /** Blocks of the page before whose last instruction ends here. */
        private final List<Block> spills = new ArrayList<>();

        /** Lines of 64 bytes, a bit each, that blocks may have bytes in. */
        private long lines;

        private int blocks;
        private int version;
        private boolean closed;

        /** Somebody takes write rights away, or has. */
        private boolean claimed;

        /** From here on no store passes unseen. */
        private volatile boolean tracked;

        Page(long gpa) {
            this.gpa = gpa;
        }

        private static int bucket(long rip) {
            return (int) (rip ^ rip >>> 6) & BUCKETS - 1;
        }

        synchronized Block find(long rip, int mode, long codeBase) {
            for (Block block = buckets[bucket(rip)]; block != null; block = block.sibling) {
                if (block.valid && block.rip == rip && block.mode == mode && block.codeBase == codeBase) {
                    return block;
                }
            }
            return null;
        }

        /** @return whether the caller is the one to take write rights away */
        private synchronized boolean claim() {
            boolean first = !claimed;
            claimed = true;
            return first;
        }

        synchronized int version() {
            return version;
        }

        synchronized boolean add(Block block, int seenVersion) {
            if (closed || version != seenVersion) {
                return false;
            }
            int bucket = bucket(block.rip);
            block.sibling = buckets[bucket];
            buckets[bucket] = block;
            blocks++;
            lines |= lines(block.gpa, block.length);
            return true;
        }

        synchronized boolean addSpill(Block block, int seenVersion) {
            if (closed || version != seenVersion) {
                return false;
            }
            spills.removeIf(spill -> !spill.valid);
            spills.add(block);
            lines |= lines(gpa, block.length - (0x1000 - (block.gpa & 0xfff)));
            return true;
        }

        /** The lines of a range that begins in this page, to its end at most. */
        private static long lines(long from, long length) {
            int first = (int) (from >>> 6) & 63;
            long last = Math.min((from & 0xfff) + length - 1, 0xfff) >>> 6;
            return -1L << first & -1L >>> 63 - last;
        }

        synchronized void drop(long gpa, long length) {
            version++;
            if ((lines & lines(gpa, length)) == 0) {
                return;
            }
            spills.removeIf(spill -> {
                boolean hit = spill.covers(gpa, length);
                if (hit) {
                    spill.valid = false;
                }
                return hit;
            });
            for (int i = 0; i < BUCKETS; i++) {
                Block kept = null;
                for (Block block = buckets[i]; block != null; ) {
                    Block following = block.sibling;
                    if (block.covers(gpa, length)) {
                        block.valid = false;
                        blocks--;
                    } else {
                        block.sibling = kept;
                        kept = block;
                    }
                    block = following;
                }
                buckets[i] = kept;
            }
        }
    }

    private final GuestMemory memory;
    private final Rendezvous rendezvous;
    private final ConcurrentHashMap<Long, Page> pages = new ConcurrentHashMap<>();

    CodePages(GuestMemory memory, Rendezvous rendezvous) {
        this.memory = memory;
        this.rendezvous = rendezvous;
        memory.setCodeWriteListener(this);
    }

    /** The page that holds {@code gpa}, tracked from now on. */
    Page open(Participant caller, long gpa) {
        long base = gpa & -GuestMemory.PAGE_SIZE;
        Page page = pages.get(base);
        if (page == null) {
            page = pages.computeIfAbsent(base, Page::new);
        }
        if (!page.tracked) {
            track(caller, page);
        }
        return page;
    }

    private void track(Participant caller, Page page) {
        if (!page.claim()) {
            // Who has claimed it takes the rights away, and with them what would tell us of a store under way that uses
            // one. It waits for that store, so we wait for it.
            rendezvous.await(caller, () -> page.tracked);
            return;
        }
        try {
            memory.updatePageFlags(page.gpa, GuestMemory.PAGE_CODE, 0);
            rendezvous.revokeWrite(caller, page.gpa);
        } finally {
            page.tracked = true;
        }
    }

    @Override
    public void codeWritten(long gpa, long length) {
        long base = gpa & -GuestMemory.PAGE_SIZE;
        Page page = pages.get(base);
        if (page == null) {
            return;
        }
        page.drop(gpa, length);
        synchronized (page) {
            if (page.blocks > 0 || !page.spills.isEmpty() || page.closed) {
                return;
            }
            // A decoder that opened this page meanwhile finds it closed when it adds its block, and starts again: with
            // a page of its own when this one is out of the way. So the flag goes down before that, and not the next
            // one's.
            page.closed = true;
            memory.updatePageFlags(base, 0, GuestMemory.PAGE_CODE);
            pages.remove(base, page);
        }
    }

    /** Drops all blocks: they are decoded anew. */
    void dropAll() {
        pages.values().forEach(page -> page.drop(page.gpa, GuestMemory.PAGE_SIZE));
    }
}
