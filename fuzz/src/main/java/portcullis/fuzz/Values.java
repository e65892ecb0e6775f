package portcullis.fuzz;

/** Numbers that are more likely than others to be at the border of something. */
final class Values {
    private static final long[] KNOWN = {
        0x80010033L,
        0x33,
        0x10,
        0x60000010L,
        0x20,
        0x6a0,
        0x2a0,
        0x1020a0,
        0xd01,
        0x500,
        0x900,
        2,
        0x202,
        0x20002,
        0x10102,
        0x37f,
        0x1f80,
        0x0007040600070406L,
        0xffff_8000_0000_0000L,
        0x7fff_ffff_ffffL,
        0x8000_0000_0000L,
        0xfee00900L,
        0xfee00c00L,
        0x400,
        0xffff0ff0L,
        Layout.PAGE_TABLES,
        Layout.SPIN,
        Layout.IDT,
        Layout.LIMIT,
        Layout.LIMIT - 1
    };

    private Values() {}

    /** Anything. */
    static long any(Choices choose) {
        return switch (choose.below(9)) {
            case 0 -> 0;
            case 1 -> choose.below(256);
            case 2 -> 1L << choose.below(64);
            case 3 -> -1L - choose.below(256);
            case 4 -> (1L << choose.below(64)) - 1;
            case 5 -> pageRegister(choose);
            case 6 -> choose.of(KNOWN);
            case 7 -> choose.of(KNOWN) ^ 1L << choose.below(64);
            default -> choose.bits();
        };
    }

    /** A page address with an enable bit, as many MSRs have it. */
    static long pageRegister(Choices choose) {
        long low = choose.oneIn(4) ? choose.below(4096) : 1;
        return page(choose) | low;
    }

    /** The address of a page: mostly of the playground. */
    static long page(Choices choose) {
        return switch (choose.below(16)) {
            case 0 -> Layout.HOLE + choose.below(16) * Layout.PAGE;
            case 1 -> Layout.ROM + choose.below(17) * Layout.PAGE;
            case 2 -> Layout.ISLAND + choose.below(17) * Layout.PAGE;
            case 3 -> Layout.TOP + choose.below(17) * Layout.PAGE;
            case 4 -> 0xfee00000L;
            case 5 -> choose.bits() & -Layout.PAGE;
            case 6 -> Layout.RAM_SIZE - Layout.PAGE;
            default -> Layout.PLAYGROUND + choose.below(Layout.PLAYGROUND_PAGES) * Layout.PAGE;
        };
    }

    /** Where parameters of {@code bytes} bytes are said to be: mostly where they can be. */
    static long parameters(Choices choose, int bytes) {
        long page = choose.oneIn(8)
                ? page(choose)
                : Layout.PLAYGROUND + choose.below(Layout.PLAYGROUND_PAGES) * Layout.PAGE;
        int room = Math.max(Layout.PAGE - bytes, 0);
        long gpa = switch (choose.below(24)) {
            case 0 -> page + room;
            case 1 -> page + (room & -8) + 8;
            case 2 -> page + choose.below(Layout.PAGE);
            case 3 -> page + (choose.below(room + 1) & -8);
            case 4 -> choose.oneIn(4) ? any(choose) : page;
            default -> page;
        };
        return elsewhere(gpa);
    }

    /** An address that is not in the program's own code and tables. */
    static long elsewhere(long gpa) {
        return gpa >= 0 && gpa < Layout.PLAYGROUND ? gpa + Layout.PLAYGROUND : gpa;
    }
}
