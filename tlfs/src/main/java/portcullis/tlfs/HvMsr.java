package portcullis.tlfs;

/**
 * Numbers of the synthetic MSRs. Families are given by their first number: SINT n is {@code SINT0 + n}, a timer's
 * configuration {@code STIMER0_CONFIG + 2 * n}. Who may use them how is in {@link SyntheticMsr}.
 *
 * <p>Source: TLFS v6.0b, Appendix C; power states, statistics and synthetic debugging v5.0C, Appendix F.
 */
public final class HvMsr {
    public static final int GUEST_OS_ID = 0x4000_0000;
    public static final int HYPERCALL = 0x4000_0001;
    public static final int VP_INDEX = 0x4000_0002;
    public static final int RESET = 0x4000_0003;
    public static final int VP_RUNTIME = 0x4000_0010;
    public static final int TIME_REF_COUNT = 0x4000_0020;
    public static final int REFERENCE_TSC = 0x4000_0021;
    public static final int TSC_FREQUENCY = 0x4000_0022;
    public static final int APIC_FREQUENCY = 0x4000_0023;
    public static final int NPIEP_CONFIG = 0x4000_0040;
    public static final int EOI = 0x4000_0070;
    public static final int ICR = 0x4000_0071;
    public static final int TPR = 0x4000_0072;
    public static final int VP_ASSIST_PAGE = 0x4000_0073;

    public static final int SCONTROL = 0x4000_0080;
    public static final int SVERSION = 0x4000_0081;
    public static final int SIEFP = 0x4000_0082;
    public static final int SIMP = 0x4000_0083;
    public static final int EOM = 0x4000_0084;
    /** Named without a number in vsm.md, "Private State"; the number follows the register names' order. */
    public static final int SIRBP = 0x4000_0085;

    public static final int SINT0 = 0x4000_0090;
    public static final int SINT15 = 0x4000_009F;
    public static final int SINT_COUNT = 16;

    public static final int STIMER0_CONFIG = 0x4000_00B0;
    public static final int STIMER0_COUNT = 0x4000_00B1;
    public static final int STIMER1_CONFIG = 0x4000_00B2;
    public static final int STIMER1_COUNT = 0x4000_00B3;
    public static final int STIMER2_CONFIG = 0x4000_00B4;
    public static final int STIMER2_COUNT = 0x4000_00B5;
    public static final int STIMER3_CONFIG = 0x4000_00B6;
    public static final int STIMER3_COUNT = 0x4000_00B7;
    public static final int STIMER_COUNT = 4;

    public static final int POWER_STATE_TRIGGER_C1 = 0x4000_00C1;
    public static final int POWER_STATE_TRIGGER_C2 = 0x4000_00C2;
    public static final int POWER_STATE_TRIGGER_C3 = 0x4000_00C3;
    public static final int POWER_STATE_CONFIG_C1 = 0x4000_00D1;
    public static final int POWER_STATE_CONFIG_C2 = 0x4000_00D2;
    public static final int POWER_STATE_CONFIG_C3 = 0x4000_00D3;

    public static final int STATS_PARTITION_RETAIL_PAGE = 0x4000_00E0;
    public static final int STATS_PARTITION_INTERNAL_PAGE = 0x4000_00E1;
    public static final int STATS_VP_RETAIL_PAGE = 0x4000_00E2;
    public static final int STATS_VP_INTERNAL_PAGE = 0x4000_00E3;

    public static final int GUEST_IDLE = 0x4000_00F0;
    public static final int SYNTH_DEBUG_CONTROL = 0x4000_00F1;
    public static final int SYNTH_DEBUG_STATUS = 0x4000_00F2;
    public static final int SYNTH_DEBUG_SEND_BUFFER = 0x4000_00F3;
    public static final int SYNTH_DEBUG_RECEIVE_BUFFER = 0x4000_00F4;
    public static final int SYNTH_DEBUG_PENDING_BUFFER = 0x4000_00F5;
    /** In no version of the text; the MSR behind HvRegisterDebugDeviceOptions, as Windows and Linux's KVM know it. */
    public static final int DEBUG_OPTIONS = 0x4000_00FF;

    public static final int CRASH_P0 = 0x4000_0100;
    public static final int CRASH_P1 = 0x4000_0101;
    public static final int CRASH_P2 = 0x4000_0102;
    public static final int CRASH_P3 = 0x4000_0103;
    public static final int CRASH_P4 = 0x4000_0104;
    public static final int CRASH_CTL = 0x4000_0105;
    public static final int REENLIGHTENMENT_CONTROL = 0x4000_0106;
    public static final int TSC_EMULATION_CONTROL = 0x4000_0107;
    public static final int TSC_EMULATION_STATUS = 0x4000_0108;
    public static final int STIME_UNHALTED_TIMER_CONFIG = 0x4000_0114;
    public static final int STIME_UNHALTED_TIMER_COUNT = 0x4000_0115;
    /** In no version of the text: bit 0 makes the TSC invariant; CPUID 0x40000003 EAX bit 15 announces it. */
    public static final int TSC_INVARIANT_CONTROL = 0x4000_0118;

    // Of the hypervisor below, for a nested root partition (TLFS nested-virtualization.md).
    public static final int NESTED_VP_INDEX = 0x4000_1002;
    public static final int NESTED_SCONTROL = 0x4000_1080;
    public static final int NESTED_SVERSION = 0x4000_1081;
    public static final int NESTED_SIEFP = 0x4000_1082;
    public static final int NESTED_SIMP = 0x4000_1083;
    public static final int NESTED_EOM = 0x4000_1084;
    public static final int NESTED_SINT0 = 0x4000_1090;
    public static final int NESTED_SINT15 = 0x4000_109F;

    /** The architecture leaves these numbers to software; the synthetic MSRs are among them. */
    public static final int FIRST = 0x4000_0000;

    public static final int LAST = 0x4000_1FFF;

    private HvMsr() {}
}
