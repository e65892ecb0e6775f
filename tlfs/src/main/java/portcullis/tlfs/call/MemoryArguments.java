package portcullis.tlfs.call;

/**
 * Flags of guest physical mappings and of trust level protections.
 *
 * <p>Source: TLFS hv_map_gpa_flags.md; cache types v6.0b, 9.3.3.
 */
public final class MemoryArguments {
    /** HV_CACHE_TYPE. */
    public static final int CACHE_TYPE_UNCACHED = 0;

    public static final int CACHE_TYPE_WRITE_COMBINING = 1;
    public static final int CACHE_TYPE_WRITE_THROUGH = 4;
    public static final int CACHE_TYPE_WRITE_PROTECTED = 5;
    public static final int CACHE_TYPE_WRITE_BACK = 6;

    /** HV_MAP_GPA_FLAGS. HvCallModifyVtlProtectionMask takes the low four bits. */
    public record MapGpaFlags(int asUint32) {
        public static final int READABLE = 1;
        public static final int WRITABLE = 1 << 1;
        /** Where mode-based execution control is off: executable. */
        public static final int KERNEL_EXECUTABLE = 1 << 2;

        public static final int USER_EXECUTABLE = 1 << 3;
        /** One of the SPECIAL_ constants; it overrides the source page. */
        public static final int SPECIAL_SHIFT = 16;

        public static final int SPECIAL_MASK = 0x3;
        public static final int NO_OVERLAY = 1 << 20;
        public static final int NOT_CACHED = 1 << 21;
        public static final int CLEAR_ACCESSED = 1 << 24;
        public static final int SET_ACCESSED = 1 << 25;
        public static final int CLEAR_DIRTY = 1 << 26;
        public static final int SET_DIRTY = 1 << 27;
        public static final int DONT_SET_RANGE_ACCESSED = 1 << 28;
        public static final int LARGE_PAGE = 1 << 31;
        /** All other bits. */
        public static final int RESERVED = 0x60CC_FFF0;

        /** Special: HV_MAP_GPA_NO_ACCESS, HV_MAP_GPA_ZEROED, HV_MAP_GPA_ONES, 0x10000 to 0x30000 where they are. */
        public static final int SPECIAL_NO_ACCESS = 1;

        public static final int SPECIAL_ZEROED = 2;
        public static final int SPECIAL_ONES = 3;

        /** The access rights. */
        public static final int PERMISSIONS = READABLE | WRITABLE | KERNEL_EXECUTABLE | USER_EXECUTABLE;

        public boolean readable() {
            return (asUint32 & READABLE) != 0;
        }

        public boolean writable() {
            return (asUint32 & WRITABLE) != 0;
        }

        public boolean kernelExecutable() {
            return (asUint32 & KERNEL_EXECUTABLE) != 0;
        }

        public boolean userExecutable() {
            return (asUint32 & USER_EXECUTABLE) != 0;
        }

        public int special() {
            return (asUint32 >>> SPECIAL_SHIFT) & SPECIAL_MASK;
        }

        public boolean noOverlay() {
            return (asUint32 & NO_OVERLAY) != 0;
        }

        public boolean notCached() {
            return (asUint32 & NOT_CACHED) != 0;
        }

        public boolean clearAccessed() {
            return (asUint32 & CLEAR_ACCESSED) != 0;
        }

        public boolean setAccessed() {
            return (asUint32 & SET_ACCESSED) != 0;
        }

        public boolean clearDirty() {
            return (asUint32 & CLEAR_DIRTY) != 0;
        }

        public boolean setDirty() {
            return (asUint32 & SET_DIRTY) != 0;
        }

        public boolean dontSetRangeAccessed() {
            return (asUint32 & DONT_SET_RANGE_ACCESSED) != 0;
        }

        public boolean largePage() {
            return (asUint32 & LARGE_PAGE) != 0;
        }
    }

    private MemoryArguments() {}
}
