package portcullis.soft.cpu;

import java.util.Arrays;

/** Which pages may have been added: never wrongly denies, now and then wrongly says so. Knows pages of 4 KiB and of 2 MiB. */
final class PageSet {
    private static final int SMALL = 4096;
    private static final int LARGE = 1024;

    private final long[] small = new long[SMALL / 64];
    private final long[] large = new long[LARGE / 64];

    void add(long la) {
        int page = hash(la >>> 12, SMALL);
        small[page >>> 6] |= 1L << page;
        page = hash(la >>> 21, LARGE);
        large[page >>> 6] |= 1L << page;
    }

    /** Whether the 4 KiB page of {@code la} may have been added. */
    boolean mayHave(long la) {
        int page = hash(la >>> 12, SMALL);
        return (small[page >>> 6] >>> page & 1) != 0;
    }

    /** Whether any page in the 2 MiB of {@code la} may have been added. */
    boolean mayHaveNear(long la) {
        int page = hash(la >>> 21, LARGE);
        return (large[page >>> 6] >>> page & 1) != 0;
    }

    void clear() {
        Arrays.fill(small, 0);
        Arrays.fill(large, 0);
    }

    private static int hash(long number, int size) {
        return (int) (number ^ number >>> 12 ^ number >>> 24) & size - 1;
    }
}
