package portcullis.tlfs.call;

/**
 * Flags and ranges of the calls that flush virtual TLBs.
 *
 * <p>Source: v6.0b, 9.3.2 (flags) and 16.11.1 (the extended range, there for guest physical pages); TLFS
 * hypercalls/HvCallFlushVirtualAddressList.md (the simple range). The bits of target trust levels, and that the
 * extended range is the same for virtual pages, are not in the text; guests know them.
 */
public final class FlushArguments {
    /** HV_FLUSH_FLAGS. */
    public record FlushFlags(long asUint64) {
        public static final long ALL_PROCESSORS = 1L;
        public static final long ALL_VIRTUAL_ADDRESS_SPACES = 1L << 1;
        /** Not for lists. */
        public static final long NON_GLOBAL_MAPPINGS_ONLY = 1L << 2;
        /** For lists, where CPUID 0x40000003 EDX bit 14 offers it. */
        public static final long USE_EXTENDED_RANGE_FORMAT = 1L << 3;
        /** Not in the text. */
        public static final long USE_TARGET_VTL = 1L << 4;
        /** Not in the text. */
        public static final long TARGET_VTL0 = 1L << 8;
        /** Not in the text. */
        public static final long TARGET_VTL1 = 1L << 9;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FCE0L;

        public boolean allProcessors() {
            return (asUint64 & ALL_PROCESSORS) != 0;
        }

        public boolean allVirtualAddressSpaces() {
            return (asUint64 & ALL_VIRTUAL_ADDRESS_SPACES) != 0;
        }

        public boolean nonGlobalMappingsOnly() {
            return (asUint64 & NON_GLOBAL_MAPPINGS_ONLY) != 0;
        }

        public boolean useExtendedRangeFormat() {
            return (asUint64 & USE_EXTENDED_RANGE_FORMAT) != 0;
        }

        public boolean useTargetVtl() {
            return (asUint64 & USE_TARGET_VTL) != 0;
        }

        public boolean targetVtl0() {
            return (asUint64 & TARGET_VTL0) != 0;
        }

        public boolean targetVtl1() {
            return (asUint64 & TARGET_VTL1) != 0;
        }
    }

    /** An element of FlushVirtualAddressList, the simple form: 1 to 4096 pages of 4 KiB. */
    public record GvaRange(long asUint64) {
        public static final int ADDITIONAL_PAGES_SHIFT = 0;
        public static final int ADDITIONAL_PAGES_MASK = 0xFFF;
        public static final int BASE_PAGE_NUMBER_SHIFT = 12;
        public static final long BASE_PAGE_NUMBER_MASK = 0xF_FFFF_FFFF_FFFFL;

        public int additionalPages() {
            return (int) asUint64 & ADDITIONAL_PAGES_MASK;
        }

        public long basePageNumber() {
            return (asUint64 >>> BASE_PAGE_NUMBER_SHIFT) & BASE_PAGE_NUMBER_MASK;
        }
    }

    /**
     * HV_GPA_PAGE_RANGE, and an element of FlushVirtualAddressList in the extended form: 1 to 2048 pages. This is the
     * form with large page clear; set, it is a {@link LargeGvaRange}.
     */
    public record ExtendedGvaRange(long asUint64) {
        public static final int ADDITIONAL_PAGES_SHIFT = 0;
        public static final int ADDITIONAL_PAGES_MASK = 0x7FF;
        public static final long LARGE_PAGE = 1L << 11;
        public static final int BASE_PAGE_NUMBER_SHIFT = 12;
        public static final long BASE_PAGE_NUMBER_MASK = 0xF_FFFF_FFFF_FFFFL;

        public int additionalPages() {
            return (int) asUint64 & ADDITIONAL_PAGES_MASK;
        }

        public boolean largePage() {
            return (asUint64 & LARGE_PAGE) != 0;
        }

        public long basePageNumber() {
            return (asUint64 >>> BASE_PAGE_NUMBER_SHIFT) & BASE_PAGE_NUMBER_MASK;
        }
    }

    /**
     * HV_GPA_PAGE_RANGE with large page set: 1 to 2048 pages of 2 MiB, or of 1 GiB where the page size bit is set.
     */
    public record LargeGvaRange(long asUint64) {
        public static final int ADDITIONAL_PAGES_SHIFT = 0;
        public static final int ADDITIONAL_PAGES_MASK = 0x7FF;
        public static final long LARGE_PAGE = 1L << 11;
        public static final long PAGE_SIZE = 1L << 12;
        public static final int BASE_LARGE_PAGE_NUMBER_SHIFT = 21;
        public static final long BASE_LARGE_PAGE_NUMBER_MASK = 0x7FF_FFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_001F_E000L;

        public int additionalPages() {
            return (int) asUint64 & ADDITIONAL_PAGES_MASK;
        }

        public boolean largePage() {
            return (asUint64 & LARGE_PAGE) != 0;
        }

        public boolean pageSize() {
            return (asUint64 & PAGE_SIZE) != 0;
        }

        public long baseLargePageNumber() {
            return (asUint64 >>> BASE_LARGE_PAGE_NUMBER_SHIFT) & BASE_LARGE_PAGE_NUMBER_MASK;
        }
    }

    private FlushArguments() {}
}
