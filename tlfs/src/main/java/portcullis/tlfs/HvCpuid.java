package portcullis.tlfs;

/**
 * The hypervisor's CPUID leaves and their bits. Constants are named leaf, register, bit.
 *
 * <p>Source: TLFS feature-discovery.md, "Feature and Interface Discovery (x64)"; leaves 0x40000007 and 0x40000008 from
 * v6.0b, 2.4. The isolation leaf, and the leaves of the synthetic debugger, are in no version of the text; they are as
 * Linux knows them.
 */
public final class HvCpuid {
    /** Leaf 1, ECX: there is a hypervisor. */
    public static final int LEAF_1_ECX_HYPERVISOR_PRESENT = 1 << 31;

    /** 0x40000000: EAX the highest leaf, EBX, ECX, EDX the vendor's signature. */
    public static final int VENDOR_AND_MAX_LEAF = 0x4000_0000;
    /** "Microsoft Hv". */
    public static final int VENDOR_EBX = 0x7263_694D;

    public static final int VENDOR_ECX = 0x666F_736F;
    public static final int VENDOR_EDX = 0x7648_2074;

    /** 0x40000001: EAX the interface's signature. */
    public static final int INTERFACE = 0x4000_0001;
    /** "Hv#1". */
    public static final int INTERFACE_EAX_HV1 = 0x3123_7648;
    /** A hypervisor that answers these leaves offers at least this far up. */
    public static final int MIN_MAX_LEAF = 0x4000_0005;

    /**
     * 0x40000002: EAX build, EBX major (31:16) and minor (15:0) version, ECX service pack, EDX service branch, number.
     */
    public static final int VERSION = 0x4000_0002;

    public static final int VERSION_EBX_MAJOR_SHIFT = 16;
    public static final int VERSION_EDX_SERVICE_BRANCH_SHIFT = 24;
    public static final int VERSION_EDX_SERVICE_NUMBER_MASK = 0xFF_FFFF;

    /** 0x40000003: EAX and EBX a {@link PartitionPrivilege} mask, ECX and EDX features. */
    public static final int FEATURES = 0x4000_0003;

    /** v2.0, 3.4: bits 3:0 of ECX, the deepest processor power state supported; reserved since. */
    public static final int FEATURES_ECX_MAX_POWER_STATE_MASK = 0xF;

    public static final int FEATURES_ECX_INVARIANT_MPERF = 1 << 5;
    public static final int FEATURES_ECX_SUPERVISOR_SHADOW_STACK = 1 << 6;
    public static final int FEATURES_ECX_ARCHITECTURAL_PMU = 1 << 7;
    public static final int FEATURES_ECX_EXCEPTION_TRAP_INTERCEPT = 1 << 8;

    /** Deprecated. */
    public static final int FEATURES_EDX_MWAIT = 1;

    public static final int FEATURES_EDX_GUEST_DEBUGGING = 1 << 1;
    public static final int FEATURES_EDX_PERFORMANCE_MONITOR = 1 << 2;
    public static final int FEATURES_EDX_CPU_DYNAMIC_PARTITIONING = 1 << 3;
    public static final int FEATURES_EDX_XMM_HYPERCALL_INPUT = 1 << 4;
    public static final int FEATURES_EDX_GUEST_IDLE_STATE = 1 << 5;
    public static final int FEATURES_EDX_HYPERVISOR_SLEEP_STATE = 1 << 6;
    public static final int FEATURES_EDX_NUMA_DISTANCES = 1 << 7;
    public static final int FEATURES_EDX_TIMER_FREQUENCIES = 1 << 8;
    public static final int FEATURES_EDX_SYNTHETIC_MACHINE_CHECKS = 1 << 9;
    public static final int FEATURES_EDX_GUEST_CRASH_MSRS = 1 << 10;
    public static final int FEATURES_EDX_DEBUG_MSRS = 1 << 11;
    public static final int FEATURES_EDX_NPIEP = 1 << 12;
    public static final int FEATURES_EDX_DISABLE_HYPERVISOR = 1 << 13;
    public static final int FEATURES_EDX_EXTENDED_GVA_RANGES_FOR_FLUSH_VIRTUAL_ADDRESS_LIST = 1 << 14;
    public static final int FEATURES_EDX_XMM_HYPERCALL_OUTPUT = 1 << 15;
    public static final int FEATURES_EDX_SINT_POLLING_MODE = 1 << 17;
    public static final int FEATURES_EDX_HYPERCALL_MSR_LOCK = 1 << 18;
    public static final int FEATURES_EDX_DIRECT_SYNTHETIC_TIMERS = 1 << 19;
    public static final int FEATURES_EDX_PAT_REGISTER_FOR_VSM = 1 << 20;
    public static final int FEATURES_EDX_BNDCFGS_REGISTER_FOR_VSM = 1 << 21;
    public static final int FEATURES_EDX_SYNTHETIC_TIME_UNHALTED_TIMER = 1 << 23;
    public static final int FEATURES_EDX_LAST_BRANCH_RECORD = 1 << 26;
    /** In no version of the text: flush calls take a target trust level. */
    public static final int FEATURES_EDX_CROSS_VTL_FLUSH = 1 << 28;
    /** In no version of the text: HV_TRANSLATE_GVA_SUPERVISOR_ACCESS and the flags above it. */
    public static final int FEATURES_EDX_TRANSLATE_GVA_FLAGS = 1 << 30;

    /** 0x40000004: EAX recommendations, EBX spin count before notifying, ECX physical address bits. */
    public static final int RECOMMENDATIONS = 0x4000_0004;

    public static final int RECOMMENDATIONS_EAX_HYPERCALL_FOR_ADDRESS_SPACE_SWITCH = 1;
    public static final int RECOMMENDATIONS_EAX_HYPERCALL_FOR_LOCAL_FLUSH = 1 << 1;
    public static final int RECOMMENDATIONS_EAX_HYPERCALL_FOR_REMOTE_FLUSH = 1 << 2;
    public static final int RECOMMENDATIONS_EAX_MSRS_FOR_APIC_REGISTERS = 1 << 3;
    public static final int RECOMMENDATIONS_EAX_MSR_FOR_RESET = 1 << 4;
    public static final int RECOMMENDATIONS_EAX_RELAXED_TIMING = 1 << 5;
    public static final int RECOMMENDATIONS_EAX_DMA_REMAPPING = 1 << 6;
    public static final int RECOMMENDATIONS_EAX_INTERRUPT_REMAPPING = 1 << 7;
    /** Reserved in the current text. */
    public static final int RECOMMENDATIONS_EAX_X2APIC_MSRS = 1 << 8;

    public static final int RECOMMENDATIONS_EAX_DEPRECATE_AUTO_EOI = 1 << 9;
    public static final int RECOMMENDATIONS_EAX_SYNTHETIC_CLUSTER_IPI = 1 << 10;
    public static final int RECOMMENDATIONS_EAX_EX_PROCESSOR_MASKS = 1 << 11;
    public static final int RECOMMENDATIONS_EAX_NESTED = 1 << 12;
    public static final int RECOMMENDATIONS_EAX_INT_FOR_MBEC_SYSTEM_CALLS = 1 << 13;
    public static final int RECOMMENDATIONS_EAX_ENLIGHTENED_VMCS = 1 << 14;
    public static final int RECOMMENDATIONS_EAX_SYNCED_TIMELINE = 1 << 15;
    public static final int RECOMMENDATIONS_EAX_DIRECT_LOCAL_FLUSH_ENTIRE = 1 << 17;
    public static final int RECOMMENDATIONS_EAX_NO_NON_ARCHITECTURAL_CORE_SHARING = 1 << 18;
    // In the text for another architecture, at the same places.
    public static final int RECOMMENDATIONS_EAX_HYPERCALL_FOR_MMIO = 1 << 21;
    public static final int RECOMMENDATIONS_EAX_HYPERCALL_FOR_GPA_PINNING = 1 << 22;
    public static final int RECOMMENDATIONS_EAX_WAKE_VPS = 1 << 23;
    /** EBX: do not notify of long spin waits. */
    public static final int RECOMMENDATIONS_EBX_NEVER_NOTIFY = 0xFFFF_FFFF;

    public static final int RECOMMENDATIONS_ECX_PHYSICAL_ADDRESS_BITS_MASK = 0x7F;

    /** 0x40000005: EAX most VPs, EBX most logical processors, ECX most interrupt vectors for remapping. 0: not said. */
    public static final int LIMITS = 0x4000_0005;

    /** 0x40000006: EAX hardware that is in use. */
    public static final int HARDWARE = 0x4000_0006;

    public static final int HARDWARE_EAX_APIC_OVERLAY_ASSIST = 1;
    public static final int HARDWARE_EAX_MSR_BITMAPS = 1 << 1;
    public static final int HARDWARE_EAX_PERFORMANCE_COUNTERS = 1 << 2;
    public static final int HARDWARE_EAX_SECOND_LEVEL_ADDRESS_TRANSLATION = 1 << 3;
    public static final int HARDWARE_EAX_DMA_REMAPPING = 1 << 4;
    public static final int HARDWARE_EAX_INTERRUPT_REMAPPING = 1 << 5;
    public static final int HARDWARE_EAX_MEMORY_PATROL_SCRUBBER = 1 << 6;
    public static final int HARDWARE_EAX_DMA_PROTECTION = 1 << 7;
    public static final int HARDWARE_EAX_HPET_REQUESTED = 1 << 8;
    public static final int HARDWARE_EAX_SYNTHETIC_TIMERS_VOLATILE = 1 << 9;
    public static final int HARDWARE_EAX_HYPERVISOR_LEVEL_SHIFT = 10;
    public static final int HARDWARE_EAX_HYPERVISOR_LEVEL_MASK = 0xF;
    public static final int HARDWARE_EAX_PHYSICAL_DESTINATION_MODE_REQUIRED = 1 << 14;
    public static final int HARDWARE_EAX_VMFUNC_FOR_ALIAS_MAP_SWITCH = 1 << 15;
    public static final int HARDWARE_EAX_MEMORY_ZEROING = 1 << 16;
    public static final int HARDWARE_EAX_UNRESTRICTED_GUEST = 1 << 17;
    public static final int HARDWARE_EAX_RESOURCE_ALLOCATION = 1 << 18;
    public static final int HARDWARE_EAX_RESOURCE_MONITORING = 1 << 19;
    public static final int HARDWARE_EAX_GUEST_VIRTUAL_PMU = 1 << 20;
    public static final int HARDWARE_EAX_GUEST_VIRTUAL_LBR = 1 << 21;
    public static final int HARDWARE_EAX_GUEST_VIRTUAL_IPT = 1 << 22;
    public static final int HARDWARE_EAX_APIC_EMULATION = 1 << 23;
    public static final int HARDWARE_EAX_ACPI_WDAT = 1 << 24;

    /** 0x40000007: for the root partition only. */
    public static final int CPU_MANAGEMENT = 0x4000_0007;

    public static final int CPU_MANAGEMENT_EAX_START_LOGICAL_PROCESSOR = 1;
    public static final int CPU_MANAGEMENT_EAX_CREATE_ROOT_VIRTUAL_PROCESSOR = 1 << 1;
    public static final int CPU_MANAGEMENT_EAX_PERFORMANCE_COUNTER_SYNC = 1 << 2;
    public static final int CPU_MANAGEMENT_EAX_RESERVED_IDENTITY_BIT = 1 << 31;
    public static final int CPU_MANAGEMENT_EBX_PROCESSOR_POWER_MANAGEMENT = 1;
    public static final int CPU_MANAGEMENT_EBX_MWAIT_IDLE_STATES = 1 << 1;
    public static final int CPU_MANAGEMENT_EBX_LOGICAL_PROCESSOR_IDLING = 1 << 2;
    public static final int CPU_MANAGEMENT_ECX_REMAP_GUEST_UNCACHED = 1;

    /** 0x40000008: shared virtual memory. */
    public static final int SHARED_VIRTUAL_MEMORY = 0x4000_0008;

    public static final int SHARED_VIRTUAL_MEMORY_EAX_SUPPORTED = 1;
    public static final int SHARED_VIRTUAL_MEMORY_EAX_MAX_PASID_SPACE_PASID_COUNT_SHIFT = 11;

    /** 0x40000009: what a hypervisor that runs nested is offered, EAX MSRs, EDX hypercalls. */
    public static final int NESTED_FEATURES = 0x4000_0009;

    public static final int NESTED_FEATURES_EAX_ACCESS_SYNIC_REGS = 1 << 2;
    public static final int NESTED_FEATURES_EAX_ACCESS_INTR_CTRL_REGS = 1 << 4;
    public static final int NESTED_FEATURES_EAX_ACCESS_HYPERCALL_MSRS = 1 << 5;
    public static final int NESTED_FEATURES_EAX_ACCESS_VP_INDEX = 1 << 6;
    public static final int NESTED_FEATURES_EAX_ACCESS_REENLIGHTENMENT_CONTROLS = 1 << 12;
    public static final int NESTED_FEATURES_EDX_XMM_HYPERCALL_INPUT = 1 << 4;
    public static final int NESTED_FEATURES_EDX_FAST_HYPERCALL_OUTPUT = 1 << 15;
    public static final int NESTED_FEATURES_EDX_SINT_POLLING_MODE = 1 << 17;

    /** 0x4000000A: optimizations for a nested hypervisor. */
    public static final int NESTED_OPTIMIZATIONS = 0x4000_000A;

    public static final int NESTED_OPTIMIZATIONS_EAX_EVMCS_VERSION_LOW_MASK = 0xFF;
    public static final int NESTED_OPTIMIZATIONS_EAX_EVMCS_VERSION_HIGH_SHIFT = 8;
    public static final int NESTED_OPTIMIZATIONS_EAX_DIRECT_VIRTUAL_FLUSH = 1 << 17;
    public static final int NESTED_OPTIMIZATIONS_EAX_FLUSH_GUEST_PHYSICAL_ADDRESS = 1 << 18;
    public static final int NESTED_OPTIMIZATIONS_EAX_ENLIGHTENED_MSR_BITMAP = 1 << 19;
    public static final int NESTED_OPTIMIZATIONS_EAX_COMBINED_VIRTUALIZATION_EXCEPTIONS = 1 << 20;
    public static final int NESTED_OPTIMIZATIONS_EAX_GUEST_DEBUG_CTL = 1 << 21;
    public static final int NESTED_OPTIMIZATIONS_EAX_ENLIGHTENED_TLB_AMD = 1 << 22;
    public static final int NESTED_OPTIMIZATIONS_EBX_PERF_GLOBAL_CTRL = 1;

    /** 0x4000000B: named for HvRegisterIptFeaturesInfo; the text has no bits. */
    public static final int IPT_FEATURES = 0x4000_000B;

    /** 0x4000000C: isolated partitions. */
    public static final int ISOLATION = 0x4000_000C;

    public static final int ISOLATION_EAX_PARAVISOR_PRESENT = 1;
    public static final int ISOLATION_EBX_TYPE_MASK = 0xF;
    public static final int ISOLATION_EBX_TYPE_NONE = 0;
    public static final int ISOLATION_EBX_TYPE_VBS = 1;
    public static final int ISOLATION_EBX_TYPE_SNP = 2;
    public static final int ISOLATION_EBX_TYPE_TDX = 3;
    public static final int ISOLATION_EBX_SHARED_GPA_BOUNDARY_ACTIVE = 1 << 5;
    public static final int ISOLATION_EBX_SHARED_GPA_BOUNDARY_BITS_SHIFT = 6;
    public static final int ISOLATION_EBX_SHARED_GPA_BOUNDARY_BITS_MASK = 0x3F;

    /** Virtualization stack leaves, for the synthetic debugger: EAX the highest of them, EBX, ECX, EDX a signature. */
    public static final int SYNDBG_VENDOR_AND_MAX_LEAF = 0x4000_0080;

    public static final int SYNDBG_INTERFACE = 0x4000_0081;
    /** "VS#1". */
    public static final int SYNDBG_INTERFACE_EAX_VS1 = 0x3123_5356;

    public static final int SYNDBG_PLATFORM_CAPABILITIES = 0x4000_0082;
    public static final int SYNDBG_PLATFORM_CAPABILITIES_EAX_ALLOW_KERNEL_DEBUGGING = 1 << 1;

    private HvCpuid() {}
}
