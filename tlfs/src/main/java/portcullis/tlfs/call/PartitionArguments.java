package portcullis.tlfs.call;

/**
 * Flags, features and property codes of partitions.
 *
 * <p>Source: named with each. Features are constants only: bits of masks that a parent gives.
 */
public final class PartitionArguments {
    /** HV_PARTITION_PROPERTY_CODE (TLFS hv_partition_property_code.md). The last is of a virtual processor. */
    public static final class PropertyCode {
        public static final int PRIVILEGE_FLAGS = 0x0001_0000;
        public static final int SYNTHETIC_PROC_FEATURES = 0x0001_0001;
        public static final int SUSPEND = 0x0002_0000;
        public static final int CPU_RESERVE = 0x0002_0001;
        public static final int CPU_CAP = 0x0002_0002;
        public static final int CPU_WEIGHT = 0x0002_0003;
        public static final int CPU_GROUP_ID = 0x0002_0004;
        public static final int TIME_FREEZE = 0x0003_0003;
        public static final int REFERENCE_TIME = 0x0003_0005;
        public static final int VIRTUAL_TLB_PAGE_COUNT = 0x0005_0000;
        public static final int VSM_CONFIG = 0x0005_0001;
        public static final int ZERO_MEMORY_ON_RESET = 0x0005_0002;
        public static final int PROCESSORS_PER_SOCKET = 0x0005_0003;
        public static final int NESTED_TLB_SIZE = 0x0005_0004;
        public static final int GPA_PAGE_ACCESS_TRACKING = 0x0005_0005;
        public static final int VSM_PERMISSIONS_DIRTY_SINCE_LAST_QUERY = 0x0005_0006;
        public static final int ISOLATION_STATE = 0x0005_000C;
        public static final int ISOLATION_CONTROL = 0x0005_000D;
        public static final int ALLOCATION_ID = 0x0005_000E;
        public static final int MONITORING_ID = 0x0005_000F;
        public static final int IMPLEMENTED_PHYSICAL_ADDRESS_BITS = 0x0005_0010;
        public static final int NON_ARCHITECTURAL_CORE_SHARING = 0x0005_0011;
        public static final int HYPERCALL_DOORBELL_PAGE = 0x0005_0012;
        public static final int ISOLATION_POLICY = 0x0005_0014;
        public static final int UNIMPLEMENTED_MSR_ACTION = 0x0005_0017;
        public static final int SEV_VMGEXIT_OFFLOADS = 0x0005_0022;
        public static final int PARTITION_DIAG_BUFFER_CONFIG = 0x0005_0026;
        public static final int GICD_BASE_ADDRESS = 0x0005_0028;
        public static final int GITS_TRANSLATER_BASE_ADDRESS = 0x0005_0029;
        public static final int PROCESSOR_VENDOR = 0x0006_0000;
        public static final int PROCESSOR_XSAVE_FEATURES = 0x0006_0002;
        public static final int PROCESSOR_CL_FLUSH_SIZE = 0x0006_0003;
        public static final int ENLIGHTENMENT_MODIFICATIONS = 0x0006_0004;
        public static final int COMPATIBILITY_VERSION = 0x0006_0005;
        public static final int PHYSICAL_ADDRESS_WIDTH = 0x0006_0006;
        public static final int XSAVE_STATES = 0x0006_0007;
        public static final int MAX_XSAVE_DATA_SIZE = 0x0006_0008;
        public static final int PROCESSOR_CLOCK_FREQUENCY = 0x0006_0009;
        public static final int PROCESSOR_FEATURES0 = 0x0006_000A;
        public static final int PROCESSOR_FEATURES1 = 0x0006_000B;
        public static final int GUEST_OS_ID = 0x0007_0000;
        public static final int PROCESSOR_VIRTUALIZATION_FEATURES = 0x0008_0000;
        public static final int VMM_CAPABILITIES = 0x0009_0007;
        public static final int SCHEDULING_AFFINITY_SET = 0x1000_1000;

        private PropertyCode() {}
    }

    /** HV_PARTITION_CREATION_FLAGS (TLFS hv_partition_creation_flags.md). */
    public static final class CreationFlags {
        public static final long SMT_ENABLED_GUEST = 1L;
        public static final long NESTED_VIRTUALIZATION_CAPABLE = 1L << 1;
        public static final long GPA_SUPER_PAGES_ENABLED = 1L << 4;
        public static final long EXO_PARTITION = 1L << 8;
        public static final long VTL1_OVERRIDE = 1L << 9;
        public static final long VTL2_OVERRIDE = 1L << 10;
        public static final long LAPIC_ENABLED = 1L << 13;
        public static final long ENABLE_PERFMON_PMU = 1L << 15;
        public static final long ENABLE_PERFMON_LBR = 1L << 16;
        public static final long INTERCEPT_MESSAGE_PAGE_ENABLED = 1L << 19;
        public static final long HYPERCALL_DOORBELL_PAGE_ENABLED = 1L << 20;
        public static final long X2APIC_CAPABLE = 1L << 22;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFA6_58ECL;

        private CreationFlags() {}
    }

    /**
     * HV_PARTITION_PROCESSOR_FEATURES, x64, first 64 bits (TLFS hv_partition_processor_features.md). Set in a mask of
     * disabled features: not offered.
     */
    public static final class ProcessorFeatures0 {
        public static final long SSE3_SUPPORT = 1L;
        public static final long LAHF_SAHF_SUPPORT = 1L << 1;
        public static final long SSSE3_SUPPORT = 1L << 2;
        public static final long SSE41_SUPPORT = 1L << 3;
        public static final long SSE42_SUPPORT = 1L << 4;
        public static final long SSE4A_SUPPORT = 1L << 5;
        public static final long XOP_SUPPORT = 1L << 6;
        public static final long POP_CNT_SUPPORT = 1L << 7;
        public static final long CMPXCHG16B_SUPPORT = 1L << 8;
        public static final long ALTMOVCR8_SUPPORT = 1L << 9;
        public static final long LZCNT_SUPPORT = 1L << 10;
        public static final long MIS_ALIGN_SSE_SUPPORT = 1L << 11;
        public static final long MMX_EXT_SUPPORT = 1L << 12;
        public static final long AMD3_D_NOW_SUPPORT = 1L << 13;
        public static final long EXTENDED_AMD3_D_NOW_SUPPORT = 1L << 14;
        public static final long PAGE1_GB_SUPPORT = 1L << 15;
        public static final long AES_SUPPORT = 1L << 16;
        public static final long PCLMULQDQ_SUPPORT = 1L << 17;
        public static final long PCID_SUPPORT = 1L << 18;
        public static final long FMA4_SUPPORT = 1L << 19;
        public static final long F16_C_SUPPORT = 1L << 20;
        public static final long RD_RAND_SUPPORT = 1L << 21;
        public static final long RD_WR_FS_GS_SUPPORT = 1L << 22;
        public static final long SMEP_SUPPORT = 1L << 23;
        public static final long ENHANCED_FAST_STRING_SUPPORT = 1L << 24;
        public static final long BMI1_SUPPORT = 1L << 25;
        public static final long BMI2_SUPPORT = 1L << 26;
        public static final long MOVBE_SUPPORT = 1L << 29;
        public static final long NPIEP1_SUPPORT = 1L << 30;
        public static final long DEP_X87_FPU_SAVE_SUPPORT = 1L << 31;
        public static final long RD_SEED_SUPPORT = 1L << 32;
        public static final long ADX_SUPPORT = 1L << 33;
        public static final long INTEL_PREFETCH_SUPPORT = 1L << 34;
        public static final long SMAP_SUPPORT = 1L << 35;
        public static final long HLE_SUPPORT = 1L << 36;
        public static final long RTM_SUPPORT = 1L << 37;
        public static final long RDTSCP_SUPPORT = 1L << 38;
        public static final long CLFLUSHOPT_SUPPORT = 1L << 39;
        public static final long CLWB_SUPPORT = 1L << 40;
        public static final long SHA_SUPPORT = 1L << 41;
        public static final long X87_POINTERS_SAVED_SUPPORT = 1L << 42;
        public static final long INVPCID_SUPPORT = 1L << 43;
        public static final long IBRS_SUPPORT = 1L << 44;
        public static final long STIBP_SUPPORT = 1L << 45;
        public static final long IBPB_SUPPORT = 1L << 46;
        public static final long UNRESTRICTED_GUEST_SUPPORT = 1L << 47;
        public static final long FAST_SHORT_REP_MOV_SUPPORT = 1L << 49;
        public static final long IBRS_ALL_SUPPORT = 1L << 52;
        public static final long RD_PID_SUPPORT = 1L << 57;
        public static final long UMIP_SUPPORT = 1L << 58;
        public static final long MDS_NO_SUPPORT = 1L << 59;
        public static final long MD_CLEAR_SUPPORT = 1L << 60;
        public static final long TAA_NO_SUPPORT = 1L << 61;
        public static final long TSX_CTRL_SUPPORT = 1L << 62;
        /** All other bits. */
        public static final long RESERVED = 0x81ED_0000_1800_0000L;

        private ProcessorFeatures0() {}
    }

    /** HV_PARTITION_PROCESSOR_FEATURES, x64, second 64 bits. */
    public static final class ProcessorFeatures1 {
        public static final long A_COUNT_M_COUNT_SUPPORT = 1L;
        public static final long TSC_INVARIANT_SUPPORT = 1L << 1;
        public static final long CL_ZERO_SUPPORT = 1L << 2;
        public static final long RDPRU_SUPPORT = 1L << 3;
        public static final long LA57_SUPPORT = 1L << 4;
        public static final long MBEC_SUPPORT = 1L << 5;
        public static final long NESTED_VIRT_SUPPORT = 1L << 6;
        public static final long PSFD_SUPPORT = 1L << 7;
        public static final long CET_SS_SUPPORT = 1L << 8;
        public static final long CET_IBT_SUPPORT = 1L << 9;
        public static final long VMX_EXCEPTION_INJECT_SUPPORT = 1L << 10;
        public static final long UMWAIT_TPAUSE_SUPPORT = 1L << 12;
        public static final long MOVDIRI_SUPPORT = 1L << 13;
        public static final long MOVDIR64B_SUPPORT = 1L << 14;
        public static final long CLDEMOTE_SUPPORT = 1L << 15;
        public static final long SERIALIZE_SUPPORT = 1L << 16;
        public static final long TSC_DEADLINE_TMR_SUPPORT = 1L << 17;
        public static final long TSC_ADJUST_SUPPORT = 1L << 18;
        public static final long FZL_REP_MOVSB = 1L << 19;
        public static final long FS_REP_STOSB = 1L << 20;
        public static final long FS_REP_CMPSB = 1L << 21;
        public static final long TSX_LD_TRK_SUPPORT = 1L << 22;
        public static final long VMX_INS_OUTS_EXIT_INFO_SUPPORT = 1L << 23;
        public static final long HLAT_SUPPORT = 1L << 24;
        public static final long SBDR_SSDP_NO_SUPPORT = 1L << 25;
        public static final long FBSDP_NO_SUPPORT = 1L << 26;
        public static final long PSDP_NO_SUPPORT = 1L << 27;
        public static final long FB_CLEAR_SUPPORT = 1L << 28;
        public static final long BTC_NO_SUPPORT = 1L << 29;
        public static final long IBPB_RSB_FLUSH_SUPPORT = 1L << 30;
        public static final long STIBP_ALWAYS_ON_SUPPORT = 1L << 31;
        public static final long PERF_GLOBAL_CTRL_SUPPORT = 1L << 32;
        public static final long NPT_EXECUTE_ONLY_SUPPORT = 1L << 33;
        public static final long NPT_AD_FLAGS_SUPPORT = 1L << 34;
        public static final long NPT1_GB_PAGE_SUPPORT = 1L << 35;
        public static final long CMPCCXADD_SUPPORT = 1L << 40;
        public static final long PREFETCH_I_SUPPORT = 1L << 45;
        public static final long SHA512_SUPPORT = 1L << 46;
        public static final long SM3_SUPPORT = 1L << 50;
        public static final long SM4_SUPPORT = 1L << 51;
        public static final long SBPB_SUPPORTED = 1L << 54;
        public static final long IBPB_BR_TYPE_SUPPORTED = 1L << 55;
        public static final long SRSO_NO_SUPPORTED = 1L << 56;
        public static final long SRSO_USER_KERNEL_NO_SUPPORTED = 1L << 57;
        /** All other bits. */
        public static final long RESERVED = 0xFC33_9EF0_0000_0800L;

        private ProcessorFeatures1() {}
    }

    /** HV_PARTITION_PROCESSOR_XSAVE_FEATURES (v2.0, 5.2.9). */
    public static final class ProcessorXsaveFeatures {
        public static final long XSAVE_SUPPORT = 1L;
        public static final long XSAVEOPT_SUPPORT = 1L << 1;
        public static final long AVX_SUPPORT = 1L << 2;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFF8L;

        private ProcessorXsaveFeatures() {}
    }

    private PartitionArguments() {}
}
