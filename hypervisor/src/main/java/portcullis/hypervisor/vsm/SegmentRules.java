package portcullis.hypervisor.vsm;

import portcullis.engine.Segment;

/**
 * Which segment registers a processor can be entered with in protected mode (SDM 27.3.1.2, with unrestricted guests: selectors' RPL
 * decides nothing). A register that is not present is unusable.
 */
final class SegmentRules {
    private static final int ACCESSED = 1;
    /** Of code: readable; of data: writable. */
    private static final int READ_WRITE = 2;

    private static final int CODE = 8;
    private static final int BUSY_TSS_32 = 11;
    private static final int BUSY_TSS_16 = 3;
    private static final int LDT = 2;
    private static final int LOCAL_TABLE = 4;
    private static final int IN_PAGE = 0xfff;
    private static final int LARGEST_IN_BYTES = 0xfffff;

    private SegmentRules() {}

    static boolean unusable(Segment segment) {
        return (segment.attributes() & Segment.UNUSABLE) != 0;
    }

    /**
     * Code of the most privileged level, which is the only one that starts anything. Conforming code, too: its level is never above
     * the stack's.
     */
    static boolean code(Segment cs) {
        return !unusable(cs)
                && memory(cs)
                && (cs.type() & CODE) != 0
                && cs.dpl() == 0
                && narrowBase(cs)
                && limitFits(cs);
    }

    static boolean stack(Segment ss) {
        boolean writable = (ss.type() & (CODE | READ_WRITE)) == READ_WRITE;
        return ss.dpl() == 0 && (unusable(ss) || memory(ss) && writable && narrowBase(ss) && limitFits(ss));
    }

    /** DS, ES. */
    static boolean data(Segment segment) {
        return unusable(segment) || dataWithBase(segment) && narrowBase(segment);
    }

    /** FS, GS: their bases are addresses of 64 bits. */
    static boolean dataWithBase(Segment segment) {
        boolean readable = (segment.type() & CODE) == 0 || (segment.type() & READ_WRITE) != 0;
        return unusable(segment) || memory(segment) && readable && limitFits(segment);
    }

    static boolean task(Segment tr, boolean longMode) {
        boolean type = tr.type() == BUSY_TSS_32 || !longMode && tr.type() == BUSY_TSS_16;
        return !unusable(tr) && type && system(tr);
    }

    static boolean localTable(Segment ldtr) {
        return unusable(ldtr) || ldtr.type() == LDT && system(ldtr);
    }

    private static boolean system(Segment segment) {
        return (segment.attributes() & Segment.S) == 0 && (segment.selector() & LOCAL_TABLE) == 0 && limitFits(segment);
    }

    /** Code or data, which has been accessed when it is in a register. */
    private static boolean memory(Segment segment) {
        return (segment.attributes() & Segment.S) != 0 && (segment.type() & ACCESSED) != 0;
    }

    private static boolean narrowBase(Segment segment) {
        return segment.base() >>> 32 == 0;
    }

    /** Limits are in bytes here, and could be what the granularity says. */
    private static boolean limitFits(Segment segment) {
        boolean pages = (segment.attributes() & Segment.G) != 0;
        return pages
                ? (segment.limit() & IN_PAGE) == IN_PAGE
                : Integer.compareUnsigned(segment.limit(), LARGEST_IN_BYTES) <= 0;
    }
}
