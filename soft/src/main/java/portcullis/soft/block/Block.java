package portcullis.soft.block;

import portcullis.soft.cpu.Op;

/**
 * Straight-line code: entered at the start, left at the end (or by a fault). Shared by all CPUs; valid for one address, mode
 * and code segment base only, since operations have instruction pointers baked in.
 */
final class Block {
    /**
     * Executions after which a block is hot: they have taken some ten milliseconds, as much as defining and compiling its {@link
     * Sequence}s does. With a tenth of that Linux boots a tenth slower.
     */
    static final int HOT = 500_000;

    /** The last one sets RIP: a branch, or an appended {@link FallThrough}. */
    final Op[] plain;
    /** How it is executed. A CPU that reads it while another changes it may get either. */
    Form form;
    /** Executions, about: CPUs count without care for one another. */
    private int heat;

    /** Guest instructions: {@code plain} without the appended one. */
    final int instructions;

    final long rip;
    final int mode;
    final long codeBase;
    /** Physical address of the first byte. */
    final long gpa;
    /** In bytes. */
    final int length;
    /** Physical page of the bytes beyond the first page, or -1: then its translation is checked at each entry. */
    final long secondPage;
    /** Ends in a direct near branch or falls through: successors in the same page may be linked. */
    final boolean linkable;

    /** False once the guest has written over it. Read before each entry. */
    volatile boolean valid = true;

    // Successors in the same page, by address: whatever translation led here leads there too. Races between CPUs are
    // benign: each field pair is checked against the successor's own address.
    Block taken;
    Block next;

    /** Chain of blocks of one page. */
    Block sibling;

    Block(
            Op[] plain,
            int instructions,
            long rip,
            int mode,
            long codeBase,
            long gpa,
            int length,
            long secondPage,
            boolean linkable) {
        this.plain = plain;
        form = Form.plain(plain);
        this.instructions = instructions;
        this.rip = rip;
        this.mode = mode;
        this.codeBase = codeBase;
        this.gpa = gpa;
        this.length = length;
        this.secondPage = secondPage;
        this.linkable = linkable;
    }

    /** The form for one more execution, a faster one once there were many. */
    Form counted() {
        if (++heat == HOT) {
            form = Form.sequences(plain);
        }
        return form;
    }

    boolean covers(long from, long size) {
        if (secondPage >= 0) {
            long firstPart = 0x1000 - (gpa & 0xfff);
            return overlaps(gpa, firstPart, from, size) || overlaps(secondPage, length - firstPart, from, size);
        }
        return overlaps(gpa, length, from, size);
    }

    private static boolean overlaps(long a, long aSize, long b, long bSize) {
        return a < b + bSize && b < a + aSize;
    }
}
