package portcullis.tlfs.register;

/**
 * What is in the synthetic MSRs that are not the SynIC's or the timers' ({@link SynicRegisters}).
 *
 * <p>Source: named with each.
 */
public final class MsrContents {
    /**
     * HV_X64_MSR_GUEST_OS_ID of a closed system (TLFS hypercall-interface.md, "Guest OS Identity for proprietary
     * Operating Systems").
     */
    public record ProprietaryGuestOsId(long asUint64) {
        public static final int BUILD_NUMBER_SHIFT = 0;
        public static final int BUILD_NUMBER_MASK = 0xFFFF;
        public static final int SERVICE_VERSION_SHIFT = 16;
        public static final int SERVICE_VERSION_MASK = 0xFF;
        public static final int MINOR_VERSION_SHIFT = 24;
        public static final int MINOR_VERSION_MASK = 0xFF;
        public static final int MAJOR_VERSION_SHIFT = 32;
        public static final int MAJOR_VERSION_MASK = 0xFF;
        public static final int OS_ID_SHIFT = 40;
        public static final int OS_ID_MASK = 0xFF;
        public static final int VENDOR_ID_SHIFT = 48;
        public static final int VENDOR_ID_MASK = 0x7FFF;
        /** Set: the other form. */
        public static final long OS_TYPE = 1L << 63;

        /** VendorId. */
        public static final int VENDOR_MICROSOFT = 0x0001;

        public static final int VENDOR_HPE = 0x0002;
        public static final int VENDOR_BLACKBERRY = 0x0003;
        public static final int VENDOR_LANCOM = 0x0200;
        /** OsId, of Microsoft. */
        public static final int OS_ID_WINDOWS_NT = 4;

        public int buildNumber() {
            return (int) asUint64 & BUILD_NUMBER_MASK;
        }

        public int serviceVersion() {
            return (int) (asUint64 >>> SERVICE_VERSION_SHIFT) & SERVICE_VERSION_MASK;
        }

        public int minorVersion() {
            return (int) (asUint64 >>> MINOR_VERSION_SHIFT) & MINOR_VERSION_MASK;
        }

        public int majorVersion() {
            return (int) (asUint64 >>> MAJOR_VERSION_SHIFT) & MAJOR_VERSION_MASK;
        }

        public int osId() {
            return (int) (asUint64 >>> OS_ID_SHIFT) & OS_ID_MASK;
        }

        public int vendorId() {
            return (int) (asUint64 >>> VENDOR_ID_SHIFT) & VENDOR_ID_MASK;
        }

        public boolean osType() {
            return (asUint64 & OS_TYPE) != 0;
        }
    }

    /** HV_X64_MSR_GUEST_OS_ID of an open system ("Guest OS Identity MSR for Open Source Operating Systems"). */
    public record OpenSourceGuestOsId(long asUint64) {
        public static final int BUILD_NUMBER_SHIFT = 0;
        public static final int BUILD_NUMBER_MASK = 0xFFFF;
        public static final int VERSION_SHIFT = 16;
        public static final long VERSION_MASK = 0xFFFF_FFFFL;
        public static final int OS_ID_SHIFT = 48;
        public static final int OS_ID_MASK = 0xFF;
        public static final int OS_TYPE_SHIFT = 56;
        public static final int OS_TYPE_MASK = 0x7F;
        public static final long OPEN_SOURCE = 1L << 63;

        /** OsType. */
        public static final int OS_TYPE_LINUX = 1;

        public static final int OS_TYPE_FREEBSD = 2;
        public static final int OS_TYPE_XEN = 3;
        public static final int OS_TYPE_ILLUMOS = 4;

        public int buildNumber() {
            return (int) asUint64 & BUILD_NUMBER_MASK;
        }

        public long version() {
            return (asUint64 >>> VERSION_SHIFT) & VERSION_MASK;
        }

        public int osId() {
            return (int) (asUint64 >>> OS_ID_SHIFT) & OS_ID_MASK;
        }

        public int osType() {
            return (int) (asUint64 >>> OS_TYPE_SHIFT) & OS_TYPE_MASK;
        }

        public boolean openSource() {
            return (asUint64 & OPEN_SOURCE) != 0;
        }
    }

    /**
     * HV_X64_MSR_HYPERCALL (TLFS hypercall-interface.md, "Establishing the Hypercall Interface"). Reserved bits are
     * preserved.
     */
    public record Hypercall(long asUint64) {
        public static final long ENABLE = 1L;
        /** The MSR is immutable until reset. */
        public static final long LOCKED = 1L << 1;

        public static final int PAGE_NUMBER_SHIFT = 12;
        public static final long PAGE_NUMBER_MASK = 0xF_FFFF_FFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_0000_0FFCL;

        /** The address bits, where they are: a guest physical address. */
        public static final long ADDRESS = 0xFFFF_FFFF_FFFF_F000L;

        public boolean enable() {
            return (asUint64 & ENABLE) != 0;
        }

        public boolean locked() {
            return (asUint64 & LOCKED) != 0;
        }

        public long pageNumber() {
            return (asUint64 >>> PAGE_NUMBER_SHIFT) & PAGE_NUMBER_MASK;
        }
    }

    /** HV_X64_MSR_RESET (v2.0, 6.3.5). */
    public record Reset(long asUint64) {
        public static final long RESET = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean reset() {
            return (asUint64 & RESET) != 0;
        }
    }

    /** HV_X64_MSR_NPIEP_CONFIG_CONTENTS: instructions that raise #GP in user mode. */
    public record NpiepConfig(long asUint64) {
        public static final long PREVENT_SGDT = 1L;
        public static final long PREVENT_SIDT = 1L << 1;
        public static final long PREVENT_SLDT = 1L << 2;
        public static final long PREVENT_STR = 1L << 3;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFF0L;

        public boolean preventSgdt() {
            return (asUint64 & PREVENT_SGDT) != 0;
        }

        public boolean preventSidt() {
            return (asUint64 & PREVENT_SIDT) != 0;
        }

        public boolean preventSldt() {
            return (asUint64 & PREVENT_SLDT) != 0;
        }

        public boolean preventStr() {
            return (asUint64 & PREVENT_STR) != 0;
        }
    }

    /** HV_X64_MSR_EOI, write only (TLFS virtual-interrupts.md, "Local APIC MSR Accesses"). */
    public record Eoi(long asUint64) {
        public static final int VALUE_SHIFT = 0;
        public static final long VALUE_MASK = 0xFFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_0000_0000L;

        public long value() {
            return asUint64 & VALUE_MASK;
        }
    }

    /** HV_X64_MSR_ICR. */
    public record Icr(long asUint64) {
        public static final int ICR_LOW_SHIFT = 0;
        public static final long ICR_LOW_MASK = 0xFFFF_FFFFL;
        public static final int ICR_HIGH_SHIFT = 32;
        public static final long ICR_HIGH_MASK = 0xFFFF_FFFFL;

        public long icrLow() {
            return asUint64 & ICR_LOW_MASK;
        }

        public long icrHigh() {
            return (asUint64 >>> ICR_HIGH_SHIFT) & ICR_HIGH_MASK;
        }
    }

    /** HV_X64_MSR_TPR. */
    public record Tpr(long asUint64) {
        public static final int VALUE_SHIFT = 0;
        public static final int VALUE_MASK = 0xFF;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FF00L;

        public int value() {
            return (int) asUint64 & VALUE_MASK;
        }
    }

    /**
     * HV_CRASH_CTL_REG_CONTENTS: what is offered when read, what is to be done when written (TLFS
     * partition-properties.md, "Guest Crash Control Register").
     */
    public record CrashControl(long asUint64) {
        public static final int PRE_OS_ID_SHIFT = 58;
        public static final int PRE_OS_ID_MASK = 0x7;
        public static final long NO_CRASH_DUMP = 1L << 61;
        /** P3 is the guest physical address, P4 the length of a message. */
        public static final long CRASH_MESSAGE = 1L << 62;

        public static final long CRASH_NOTIFY = 1L << 63;
        /** All other bits. */
        public static final long RESERVED = 0x03FF_FFFF_FFFF_FFFFL;

        /** Most bytes of a crash message. */
        public static final int MAX_MESSAGE_SIZE = 4096;

        /** Parameters, P0 to P4. */
        public static final int PARAMETER_COUNT = 5;

        public int preOsId() {
            return (int) (asUint64 >>> PRE_OS_ID_SHIFT) & PRE_OS_ID_MASK;
        }

        public boolean noCrashDump() {
            return (asUint64 & NO_CRASH_DUMP) != 0;
        }

        public boolean crashMessage() {
            return (asUint64 & CRASH_MESSAGE) != 0;
        }

        public boolean crashNotify() {
            return (asUint64 & CRASH_NOTIFY) != 0;
        }
    }

    /** HV_X64_MSR_REENLIGHTENMENT_CONTROL (TLFS nested-virtualization.md, "Compatibility with Live Migration"). */
    public record ReenlightenmentControl(long asUint64) {
        public static final int VECTOR_SHIFT = 0;
        public static final int VECTOR_MASK = 0xFF;
        public static final long ENABLED = 1L << 16;
        public static final int TARGET_VP_SHIFT = 32;
        public static final long TARGET_VP_MASK = 0xFFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_FFFE_FF00L;

        public int vector() {
            return (int) asUint64 & VECTOR_MASK;
        }

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }

        public long targetVp() {
            return (asUint64 >>> TARGET_VP_SHIFT) & TARGET_VP_MASK;
        }
    }

    /** HV_X64_MSR_TSC_EMULATION_CONTROL. */
    public record TscEmulationControl(long asUint64) {
        public static final long ENABLED = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }
    }

    /** HV_X64_MSR_TSC_EMULATION_STATUS. Reserved bits are preserved. */
    public record TscEmulationStatus(long asUint64) {
        public static final long IN_PROGRESS = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean inProgress() {
            return (asUint64 & IN_PROGRESS) != 0;
        }
    }

    /** HV_X64_MSR_DEBUG_OPTIONS, HvRegisterDebugDeviceOptions. The text has the register's name only. */
    public record DebugOptions(long asUint64) {
        public static final long USE_HYPERCALLS = 1L << 2;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFBL;

        public boolean useHypercalls() {
            return (asUint64 & USE_HYPERCALLS) != 0;
        }
    }

    private MsrContents() {}
}
