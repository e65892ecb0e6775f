package portcullis.tlfs;

/**
 * HV_PARTITION_PRIVILEGE_MASK: what a partition may use, a bit each. CPUID 0x40000003 shows bits 31:0 in EAX and bits
 * 63:32 in EBX.
 *
 * <p>Source: TLFS hv_partition_privilege_mask.md; bit 12 from v6.0b, 4.2.2; the synthetic debugging bits' use from
 * v5.0C.
 */
public final class PartitionPrivilege {
    /** No privilege is needed. */
    public static final long NONE = 0;

    // Access to synthetic MSRs: EAX.
    public static final long ACCESS_VP_RUN_TIME_REG = 1L;
    public static final long ACCESS_PARTITION_REFERENCE_COUNTER = 1L << 1;
    public static final long ACCESS_SYNIC_REGS = 1L << 2;
    public static final long ACCESS_SYNTHETIC_TIMER_REGS = 1L << 3;
    public static final long ACCESS_INTR_CTRL_REGS = 1L << 4;
    public static final long ACCESS_HYPERCALL_MSRS = 1L << 5;
    public static final long ACCESS_VP_INDEX = 1L << 6;
    public static final long ACCESS_RESET_REG = 1L << 7;
    public static final long ACCESS_STATS_REG = 1L << 8;
    public static final long ACCESS_PARTITION_REFERENCE_TSC = 1L << 9;
    public static final long ACCESS_GUEST_IDLE_REG = 1L << 10;
    public static final long ACCESS_FREQUENCY_REGS = 1L << 11;
    public static final long ACCESS_DEBUG_REGS = 1L << 12;
    public static final long ACCESS_REENLIGHTENMENT_CONTROLS = 1L << 13;
    /** In no version of the text: the TSC invariant control MSR, as Linux knows it. */
    public static final long ACCESS_TSC_INVARIANT_CONTROLS = 1L << 15;

    // Access to hypercalls: EBX.
    public static final long CREATE_PARTITIONS = 1L << 32;
    public static final long ACCESS_PARTITION_ID = 1L << 33;
    public static final long ACCESS_MEMORY_POOL = 1L << 34;
    /** In no version of the text that is kept; as guests and hosts know it. So is {@link #ISOLATION}. */
    public static final long ADJUST_MESSAGE_BUFFERS = 1L << 35;

    public static final long POST_MESSAGES = 1L << 36;
    public static final long SIGNAL_EVENTS = 1L << 37;
    public static final long CREATE_PORT = 1L << 38;
    public static final long CONNECT_PORT = 1L << 39;
    public static final long ACCESS_STATS = 1L << 40;
    public static final long DEBUGGING = 1L << 43;
    public static final long CPU_MANAGEMENT = 1L << 44;
    public static final long CONFIGURE_PROFILER = 1L << 45;
    public static final long ACCESS_VSM = 1L << 48;
    public static final long ACCESS_VP_REGISTERS = 1L << 49;
    public static final long ENABLE_EXTENDED_HYPERCALLS = 1L << 52;
    public static final long START_VIRTUAL_PROCESSOR = 1L << 53;
    /** The partition is isolated from its host: CPUID 0x4000000C says how. */
    public static final long ISOLATION = 1L << 54;

    /** All of these are needed to use VSM (TLFS vsm.md, "VSM Detection and Status"). */
    public static final long VSM = ACCESS_VSM | ACCESS_VP_REGISTERS | ACCESS_SYNIC_REGS;

    private PartitionPrivilege() {}
}
