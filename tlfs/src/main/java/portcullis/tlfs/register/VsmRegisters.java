package portcullis.tlfs.register;

/**
 * Registers of virtual secure mode, read and written with HvCallGetVpRegisters and HvCallSetVpRegisters only.
 *
 * <p>Source: TLFS vsm.md; v6.0b, 15.13.4.
 */
public final class VsmRegisters {
    /**
     * HvRegisterVsmCapabilities, read only. The text draws the fields from bit 63 down; what guests know, and every
     * other register of vsm.md, counts from bit 0 up.
     */
    public record VsmCapabilities(long asUint64) {
        public static final long DR6_SHARED = 1L;
        /** A bit a trust level. */
        public static final int MBEC_VTL_MASK_SHIFT = 1;

        public static final int MBEC_VTL_MASK_MASK = 0xFFFF;
        public static final long DENY_LOWER_VTL_STARTUP = 1L << 17;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFC_0000L;

        public boolean dr6Shared() {
            return (asUint64 & DR6_SHARED) != 0;
        }

        public int mbecVtlMask() {
            return (int) (asUint64 >>> MBEC_VTL_MASK_SHIFT) & MBEC_VTL_MASK_MASK;
        }

        public boolean denyLowerVtlStartup() {
            return (asUint64 & DENY_LOWER_VTL_STARTUP) != 0;
        }
    }

    /** HV_REGISTER_VSM_PARTITION_STATUS, read only, one a partition. */
    public record VsmPartitionStatus(long asUint64) {
        public static final int ENABLED_VTL_SET_SHIFT = 0;
        public static final int ENABLED_VTL_SET_MASK = 0xFFFF;
        public static final int MAXIMUM_VTL_SHIFT = 16;
        public static final int MAXIMUM_VTL_MASK = 0xF;
        public static final int MBEC_ENABLED_VTL_SET_SHIFT = 20;
        public static final int MBEC_ENABLED_VTL_SET_MASK = 0xFFFF;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFF0_0000_0000L;

        public int enabledVtlSet() {
            return (int) asUint64 & ENABLED_VTL_SET_MASK;
        }

        public int maximumVtl() {
            return (int) (asUint64 >>> MAXIMUM_VTL_SHIFT) & MAXIMUM_VTL_MASK;
        }

        public int mbecEnabledVtlSet() {
            return (int) (asUint64 >>> MBEC_ENABLED_VTL_SET_SHIFT) & MBEC_ENABLED_VTL_SET_MASK;
        }
    }

    /** HV_REGISTER_VSM_VP_STATUS, read only, one a virtual processor. */
    public record VsmVpStatus(long asUint64) {
        public static final int ACTIVE_VTL_SHIFT = 0;
        public static final int ACTIVE_VTL_MASK = 0xF;
        public static final long ACTIVE_MBEC_ENABLED = 1L << 4;
        public static final int ENABLED_VTL_SET_SHIFT = 16;
        public static final int ENABLED_VTL_SET_MASK = 0xFFFF;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_0000_FFE0L;

        public int activeVtl() {
            return (int) asUint64 & ACTIVE_VTL_MASK;
        }

        public boolean activeMbecEnabled() {
            return (asUint64 & ACTIVE_MBEC_ENABLED) != 0;
        }

        public int enabledVtlSet() {
            return (int) (asUint64 >>> ENABLED_VTL_SET_SHIFT) & ENABLED_VTL_SET_MASK;
        }
    }

    /** HV_REGISTER_VSM_PARTITION_CONFIG, one a partition and trust level above 0. */
    public record VsmPartitionConfig(long asUint64) {
        public static final long ENABLE_VTL_PROTECTION = 1L;
        /** Bits of MapGpaFlags: read, write, kernel and user execute. */
        public static final int DEFAULT_VTL_PROTECTION_MASK_SHIFT = 1;

        public static final int DEFAULT_VTL_PROTECTION_MASK_MASK = 0xF;
        public static final long ZERO_MEMORY_ON_RESET = 1L << 5;
        public static final long DENY_LOWER_VTL_STARTUP = 1L << 6;
        public static final long INTERCEPT_VP_STARTUP = 1L << 9;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FD80L;

        public boolean enableVtlProtection() {
            return (asUint64 & ENABLE_VTL_PROTECTION) != 0;
        }

        public int defaultVtlProtectionMask() {
            return (int) (asUint64 >>> DEFAULT_VTL_PROTECTION_MASK_SHIFT) & DEFAULT_VTL_PROTECTION_MASK_MASK;
        }

        public boolean zeroMemoryOnReset() {
            return (asUint64 & ZERO_MEMORY_ON_RESET) != 0;
        }

        public boolean denyLowerVtlStartup() {
            return (asUint64 & DENY_LOWER_VTL_STARTUP) != 0;
        }

        public boolean interceptVpStartup() {
            return (asUint64 & INTERCEPT_VP_STARTUP) != 0;
        }
    }

    /**
     * HV_REGISTER_VSM_VP_SECURE_VTL_CONFIG: of a higher trust level for a lower one, HvRegisterVsmVpSecureConfigVtl0
     * and up.
     */
    public record VsmVpSecureVtlConfig(long asUint64) {
        public static final long MBEC_ENABLED = 1L;
        public static final long TLB_LOCKED = 1L << 1;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFCL;

        public boolean mbecEnabled() {
            return (asUint64 & MBEC_ENABLED) != 0;
        }

        public boolean tlbLocked() {
            return (asUint64 & TLB_LOCKED) != 0;
        }
    }

    /** HV_REGISTER_VSM_CODE_PAGE_OFFSETS, read only: entry points in the hypercall page. */
    public record VsmCodePageOffsets(long asUint64) {
        public static final int VTL_CALL_OFFSET_SHIFT = 0;
        public static final int VTL_CALL_OFFSET_MASK = 0xFFF;
        public static final int VTL_RETURN_OFFSET_SHIFT = 12;
        public static final int VTL_RETURN_OFFSET_MASK = 0xFFF;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FF00_0000L;

        public int vtlCallOffset() {
            return (int) asUint64 & VTL_CALL_OFFSET_MASK;
        }

        public int vtlReturnOffset() {
            return (int) (asUint64 >>> VTL_RETURN_OFFSET_SHIFT) & VTL_RETURN_OFFSET_MASK;
        }
    }

    /** HV_REGISTER_VSM_VINA: virtual interrupt notification assist. Reserved bits are preserved. */
    public record VsmVina(long asUint64) {
        public static final int VECTOR_SHIFT = 0;
        public static final int VECTOR_MASK = 0xFF;
        public static final long ENABLED = 1L << 8;
        public static final long AUTO_RESET = 1L << 9;
        public static final long AUTO_EOI = 1L << 10;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_F800L;

        public int vector() {
            return (int) asUint64 & VECTOR_MASK;
        }

        public boolean enabled() {
            return (asUint64 & ENABLED) != 0;
        }

        public boolean autoReset() {
            return (asUint64 & AUTO_RESET) != 0;
        }

        public boolean autoEoi() {
            return (asUint64 & AUTO_EOI) != 0;
        }
    }

    /** HvRegisterVsmVpWaitForTlbLock. The text has the name only. */
    public record VsmVpWaitForTlbLock(long asUint64) {
        public static final long WAIT = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean waits() {
            return (asUint64 & WAIT) != 0;
        }
    }

    /**
     * HV_REGISTER_CR_INTERCEPT_CONTROL: accesses of lower trust levels that are intercepted; mask registers narrow
     * the first, second, fourth and fifth.
     */
    public record CrInterceptControl(long asUint64) {
        public static final long CR0_WRITE = 1L;
        public static final long CR4_WRITE = 1L << 1;
        public static final long X_CR0_WRITE = 1L << 2;
        public static final long IA32_MISC_ENABLE_READ = 1L << 3;
        public static final long IA32_MISC_ENABLE_WRITE = 1L << 4;
        public static final long MSR_LSTAR_READ = 1L << 5;
        public static final long MSR_LSTAR_WRITE = 1L << 6;
        public static final long MSR_STAR_READ = 1L << 7;
        public static final long MSR_STAR_WRITE = 1L << 8;
        public static final long MSR_CSTAR_READ = 1L << 9;
        public static final long MSR_CSTAR_WRITE = 1L << 10;
        public static final long APIC_BASE_MSR_READ = 1L << 11;
        public static final long APIC_BASE_MSR_WRITE = 1L << 12;
        public static final long MSR_EFER_READ = 1L << 13;
        public static final long MSR_EFER_WRITE = 1L << 14;
        public static final long GDTR_WRITE = 1L << 15;
        public static final long IDTR_WRITE = 1L << 16;
        public static final long LDTR_WRITE = 1L << 17;
        public static final long TR_WRITE = 1L << 18;
        public static final long MSR_SYSENTER_CS_WRITE = 1L << 19;
        public static final long MSR_SYSENTER_EIP_WRITE = 1L << 20;
        public static final long MSR_SYSENTER_ESP_WRITE = 1L << 21;
        public static final long MSR_SFMASK_WRITE = 1L << 22;
        public static final long MSR_TSC_AUX_WRITE = 1L << 23;
        public static final long MSR_SGX_LAUNCH_CONTROL_WRITE = 1L << 24;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FE00_0000L;

        public boolean cr0Write() {
            return (asUint64 & CR0_WRITE) != 0;
        }

        public boolean cr4Write() {
            return (asUint64 & CR4_WRITE) != 0;
        }

        public boolean xCr0Write() {
            return (asUint64 & X_CR0_WRITE) != 0;
        }

        public boolean ia32MiscEnableRead() {
            return (asUint64 & IA32_MISC_ENABLE_READ) != 0;
        }

        public boolean ia32MiscEnableWrite() {
            return (asUint64 & IA32_MISC_ENABLE_WRITE) != 0;
        }

        public boolean msrLstarRead() {
            return (asUint64 & MSR_LSTAR_READ) != 0;
        }

        public boolean msrLstarWrite() {
            return (asUint64 & MSR_LSTAR_WRITE) != 0;
        }

        public boolean msrStarRead() {
            return (asUint64 & MSR_STAR_READ) != 0;
        }

        public boolean msrStarWrite() {
            return (asUint64 & MSR_STAR_WRITE) != 0;
        }

        public boolean msrCstarRead() {
            return (asUint64 & MSR_CSTAR_READ) != 0;
        }

        public boolean msrCstarWrite() {
            return (asUint64 & MSR_CSTAR_WRITE) != 0;
        }

        public boolean apicBaseMsrRead() {
            return (asUint64 & APIC_BASE_MSR_READ) != 0;
        }

        public boolean apicBaseMsrWrite() {
            return (asUint64 & APIC_BASE_MSR_WRITE) != 0;
        }

        public boolean msrEferRead() {
            return (asUint64 & MSR_EFER_READ) != 0;
        }

        public boolean msrEferWrite() {
            return (asUint64 & MSR_EFER_WRITE) != 0;
        }

        public boolean gdtrWrite() {
            return (asUint64 & GDTR_WRITE) != 0;
        }

        public boolean idtrWrite() {
            return (asUint64 & IDTR_WRITE) != 0;
        }

        public boolean ldtrWrite() {
            return (asUint64 & LDTR_WRITE) != 0;
        }

        public boolean trWrite() {
            return (asUint64 & TR_WRITE) != 0;
        }

        public boolean msrSysenterCsWrite() {
            return (asUint64 & MSR_SYSENTER_CS_WRITE) != 0;
        }

        public boolean msrSysenterEipWrite() {
            return (asUint64 & MSR_SYSENTER_EIP_WRITE) != 0;
        }

        public boolean msrSysenterEspWrite() {
            return (asUint64 & MSR_SYSENTER_ESP_WRITE) != 0;
        }

        public boolean msrSfmaskWrite() {
            return (asUint64 & MSR_SFMASK_WRITE) != 0;
        }

        public boolean msrTscAuxWrite() {
            return (asUint64 & MSR_TSC_AUX_WRITE) != 0;
        }

        public boolean msrSgxLaunchControlWrite() {
            return (asUint64 & MSR_SGX_LAUNCH_CONTROL_WRITE) != 0;
        }
    }

    /**
     * Control input of a VTL return, in RCX or EDX:EAX ("VTL Return Control Input"). That of a VTL call has no bits.
     */
    public record VtlReturnControl(long asUint64) {
        /** Registers are not restored from the VP assist page. */
        public static final long FAST_RETURN = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean fastReturn() {
            return (asUint64 & FAST_RETURN) != 0;
        }
    }

    private VsmRegisters() {}
}
