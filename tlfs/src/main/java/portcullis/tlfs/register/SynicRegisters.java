package portcullis.tlfs.register;

/**
 * Registers of the synthetic interrupt controller and of the synthetic timers. Each virtual processor has its own, one
 * set a trust level; the numbers are in {@link portcullis.tlfs.HvMsr}.
 *
 * <p>Source: TLFS inter-partition-communication.md, "SynIC Registers", and timers.md, "Synthetic Timers".
 */
public final class SynicRegisters {
    /** Sources of interrupts in a SynIC (v6.0b, 11.10.1). */
    public static final int SINT_COUNT = 16;

    /** Synthetic timers in a virtual processor. */
    public static final int STIMER_COUNT = 4;

    /** SCONTROL. Reserved bits are preserved. */
    public record Scontrol(long asUint64) {
        public static final long ENABLE = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean enable() {
            return (asUint64 & ENABLE) != 0;
        }
    }

    /** SVERSION, read only. */
    public record Sversion(long asUint64) {
        public static final int SYNIC_VERSION_SHIFT = 0;
        public static final long SYNIC_VERSION_MASK = 0xFFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_0000_0000L;

        /** The only version there is. */
        public static final int VERSION_1 = 1;

        public long synicVersion() {
            return asUint64 & SYNIC_VERSION_MASK;
        }
    }

    /**
     * SIMP and SIEFP, and in the same form the VP assist page and the reference TSC page: where an overlay page lies.
     * Reserved bits are preserved.
     */
    public record PageRegister(long asUint64) {
        public static final long ENABLE = 1L;
        public static final int BASE_PAGE_NUMBER_SHIFT = 12;
        public static final long BASE_PAGE_NUMBER_MASK = 0xF_FFFF_FFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_0000_0FFEL;

        /** The address bits, where they are: a guest physical address. */
        public static final long ADDRESS = 0xFFFF_FFFF_FFFF_F000L;

        public boolean enable() {
            return (asUint64 & ENABLE) != 0;
        }

        public long basePageNumber() {
            return (asUint64 >>> BASE_PAGE_NUMBER_SHIFT) & BASE_PAGE_NUMBER_MASK;
        }
    }

    /** SINT0 to SINT15. Reserved bits are preserved. A vector below 16 raises #GP, unless masked. */
    public record Sint(long asUint64) {
        public static final int VECTOR_SHIFT = 0;
        public static final int VECTOR_MASK = 0xFF;
        public static final long MASKED = 1L << 16;
        public static final long AUTO_EOI = 1L << 17;
        public static final long POLLING = 1L << 18;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFF8_FF00L;

        /** After creation and reset. */
        public static final long INITIAL = MASKED;
        /** The lowest vector a source can have. */
        public static final int MIN_VECTOR = 16;

        public int vector() {
            return (int) asUint64 & VECTOR_MASK;
        }

        public boolean masked() {
            return (asUint64 & MASKED) != 0;
        }

        public boolean autoEoi() {
            return (asUint64 & AUTO_EOI) != 0;
        }

        public boolean polling() {
            return (asUint64 & POLLING) != 0;
        }
    }

    /** STIMER0_CONFIG to STIMER3_CONFIG. Reserved bits are to be zero. The count beside it is in units of 100 ns. */
    public record StimerConfig(long asUint64) {
        public static final long ENABLED = 1L;
        public static final long PERIODIC = 1L << 1;
        public static final long LAZY = 1L << 2;
        public static final long AUTO_ENABLE = 1L << 3;
        /** In direct mode. */
        public static final int APIC_VECTOR_SHIFT = 4;

        public static final int APIC_VECTOR_MASK = 0xFF;
        public static final long DIRECT_MODE = 1L << 12;
        /** Not in direct mode; 0 disables the timer. */
        public static final int SINT_SHIFT = 16;

        public static final int SINT_MASK = 0xF;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFF0_E000L;

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }

        public boolean periodic() {
            return (asUint64 & PERIODIC) != 0;
        }

        public boolean lazy() {
            return (asUint64 & LAZY) != 0;
        }

        public boolean autoEnable() {
            return (asUint64 & AUTO_ENABLE) != 0;
        }

        public int apicVector() {
            return (int) (asUint64 >>> APIC_VECTOR_SHIFT) & APIC_VECTOR_MASK;
        }

        public boolean directMode() {
            return (asUint64 & DIRECT_MODE) != 0;
        }

        public int sint() {
            return (int) (asUint64 >>> SINT_SHIFT) & SINT_MASK;
        }
    }

    /** STIME_UNHALTED_TIMER_CONFIG. The vector is 2 for an NMI, or 16 and above. */
    public record UnhaltedTimerConfig(long asUint64) {
        public static final int VECTOR_SHIFT = 0;
        public static final int VECTOR_MASK = 0xFF;
        public static final long ENABLED = 1L << 8;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FE00L;

        public int vector() {
            return (int) asUint64 & VECTOR_MASK;
        }

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }
    }

    private SynicRegisters() {}
}
