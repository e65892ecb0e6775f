package portcullis.tlfs.register;

/**
 * Registers that deal with the platform under the partition: power states, timer assists, machine checks, encryption.
 *
 * <p>Source: named with each.
 */
public final class PlatformRegisters {
    /** HV_X64_MSR_POWER_STATE_CONFIG_C1 to C3 (v2.0, 6.3.2.1.1): how to enter and leave a power state. */
    public record PowerStateConfig(long asUint64) {
        public static final int TYPE_SPECIFIC_SHIFT = 0;
        public static final long TYPE_SPECIFIC_MASK = 0xF_FFFF_FFFF_FFFFL;
        public static final int CHANGE_TYPE_SHIFT = 52;
        public static final int CHANGE_TYPE_MASK = 0xF;
        public static final long CHECK_BM_STS = 1L << 56;
        public static final long SET_BM_RST = 1L << 57;
        public static final long CLEAR_BM_RST = 1L << 58;
        public static final long SET_ARB_DIS = 1L << 59;
        /** All other bits. */
        public static final long RESERVED = 0xF000_0000_0000_0000L;

        /** ChangeType: HV_X64_POWER_CHANGE_METHOD. */
        public static final int CHANGE_ISSUE_HLT = 0;

        public static final int CHANGE_READ_IO_THEN_ISSUE_HLT = 1;
        public static final int CHANGE_READ_IO = 2;
        public static final int CHANGE_ISSUE_MWAIT = 3;

        public long typeSpecific() {
            return asUint64 & TYPE_SPECIFIC_MASK;
        }

        public int changeType() {
            return (int) (asUint64 >>> CHANGE_TYPE_SHIFT) & CHANGE_TYPE_MASK;
        }

        public boolean checkBmSts() {
            return (asUint64 & CHECK_BM_STS) != 0;
        }

        public boolean setBmRst() {
            return (asUint64 & SET_BM_RST) != 0;
        }

        public boolean clearBmRst() {
            return (asUint64 & CLEAR_BM_RST) != 0;
        }

        public boolean setArbDis() {
            return (asUint64 & SET_ARB_DIS) != 0;
        }
    }

    /** HV_X64_MSR_POWER_STATE_TRIGGER_C1 to C3 (v2.0, 6.3.2.1.2). A read enters the state. */
    public record PowerStateTrigger(long asUint64) {
        public static final long ACTIVE_BM_STS = 1L;
        public static final int IDLE_ENTRY_COUNT_SHIFT = 56;
        public static final int IDLE_ENTRY_COUNT_MASK = 0xFF;
        /** All other bits. */
        public static final long RESERVED = 0x00FF_FFFF_FFFF_FFFEL;

        public boolean activeBmSts() {
            return (asUint64 & ACTIVE_BM_STS) != 0;
        }

        public int idleEntryCount() {
            return (int) (asUint64 >>> IDLE_ENTRY_COUNT_SHIFT) & IDLE_ENTRY_COUNT_MASK;
        }
    }

    /**
     * HV_EMULATED_TIMER_CONTROL, HvX64RegisterEmulatedTimerControl (v2.0, 15.1.5), in the local APIC's terms. The
     * period beside it is in units of 100 ns.
     */
    public record EmulatedTimerControl(long asUint64) {
        public static final int VECTOR_SHIFT = 0;
        public static final int VECTOR_MASK = 0xFF;
        public static final int DELIVERY_MODE_SHIFT = 8;
        public static final int DELIVERY_MODE_MASK = 0x7;
        public static final long LOGICAL_DESTINATION_MODE = 1L << 11;
        public static final long ENABLED = 1L << 12;
        public static final int MDA_SHIFT = 56;
        public static final int MDA_MASK = 0xFF;
        /** All other bits. */
        public static final long RESERVED = 0x00FF_FFFF_FFFF_E000L;

        public int vector() {
            return (int) asUint64 & VECTOR_MASK;
        }

        public int deliveryMode() {
            return (int) (asUint64 >>> DELIVERY_MODE_SHIFT) & DELIVERY_MODE_MASK;
        }

        public boolean logicalDestinationMode() {
            return (asUint64 & LOGICAL_DESTINATION_MODE) != 0;
        }

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }

        public int mda() {
            return (int) (asUint64 >>> MDA_SHIFT) & MDA_MASK;
        }
    }

    /** HV_PM_TIMER_INFO, HvX64RegisterPmTimerAssist (v2.0, 15.1.6). */
    public record PmTimerInfo(long asUint64) {
        public static final int PORT_SHIFT = 0;
        public static final int PORT_MASK = 0xFFFF;
        public static final long WIDTH24 = 1L << 16;
        public static final long ENABLED = 1L << 17;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFC_0000L;

        public int port() {
            return (int) asUint64 & PORT_MASK;
        }

        public boolean width24() {
            return (asUint64 & WIDTH24) != 0;
        }

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }
    }

    /** HV_X64_REGISTER_SEV_GPA_PAGE, HvX64RegisterSevAvicGpa. */
    public record SevGpaPage(long asUint64) {
        public static final long ENABLED = 1L;
        public static final int PAGE_NUMBER_SHIFT = 12;
        public static final long PAGE_NUMBER_MASK = 0xF_FFFF_FFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_0000_0FFEL;

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }

        public long pageNumber() {
            return (asUint64 >>> PAGE_NUMBER_SHIFT) & PAGE_NUMBER_MASK;
        }
    }

    /** HV_X64_MSR_SYNMC_STATUS_CONTENTS (v6.0b, 7.8.4). */
    public record SyntheticMachineCheckStatus(long asUint64) {
        public static final int MCA_ERROR_CODE_SHIFT = 0;
        public static final int MCA_ERROR_CODE_MASK = 0xFFFF;
        public static final int ERROR_DETAIL_SHIFT = 16;
        public static final int ERROR_DETAIL_MASK = 0x3FFF;
        public static final long HYPERVISOR_ERROR = 1L << 30;
        public static final long SOFTWARE_ERROR = 1L << 31;
        public static final long ACTION_REQUIRED = 1L << 55;
        public static final long SIGNALING = 1L << 56;
        public static final long CONTEXT_CORRUPT = 1L << 57;
        public static final long ADDRESS_VALID = 1L << 58;
        public static final long MISC_VALID = 1L << 59;
        public static final long ERROR_ENABLED = 1L << 60;
        public static final long UNCORRECTED = 1L << 61;
        public static final long OVERFLOW = 1L << 62;
        public static final long VALID = 1L << 63;
        /** All other bits. */
        public static final long RESERVED = 0x007F_FFFF_0000_0000L;

        /** HV_SYNMC_MCA_ERROR_CODE: unclassified. */
        public static final int MCA_ERROR_CODE_UNCLASSIFIED = 1;

        public int mcaErrorCode() {
            return (int) asUint64 & MCA_ERROR_CODE_MASK;
        }

        public int errorDetail() {
            return (int) (asUint64 >>> ERROR_DETAIL_SHIFT) & ERROR_DETAIL_MASK;
        }

        public boolean hypervisorError() {
            return (asUint64 & HYPERVISOR_ERROR) != 0;
        }

        public boolean softwareError() {
            return (asUint64 & SOFTWARE_ERROR) != 0;
        }

        public boolean actionRequired() {
            return (asUint64 & ACTION_REQUIRED) != 0;
        }

        public boolean signaling() {
            return (asUint64 & SIGNALING) != 0;
        }

        public boolean contextCorrupt() {
            return (asUint64 & CONTEXT_CORRUPT) != 0;
        }

        public boolean addressValid() {
            return (asUint64 & ADDRESS_VALID) != 0;
        }

        public boolean miscValid() {
            return (asUint64 & MISC_VALID) != 0;
        }

        public boolean errorEnabled() {
            return (asUint64 & ERROR_ENABLED) != 0;
        }

        public boolean uncorrected() {
            return (asUint64 & UNCORRECTED) != 0;
        }

        public boolean overflow() {
            return (asUint64 & OVERFLOW) != 0;
        }

        public boolean valid() {
            return (asUint64 & VALID) != 0;
        }
    }

    private PlatformRegisters() {}
}
