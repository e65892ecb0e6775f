package portcullis.hypervisor.hyperv;

import java.util.EnumSet;
import java.util.Set;
import portcullis.tlfs.HvCpuid;
import portcullis.tlfs.PartitionPrivilege;

/** One thing that the interface offers, and can be switched off by itself. Names are QEMU's, without their {@code hv-}. */
public enum Enlightenment {
    RELAXED("relaxed", 0, 0, 1 << 5),
    VAPIC("vapic", PartitionPrivilege.ACCESS_INTR_CTRL_REGS, 0, 1 << 3),
    SPINLOCKS("spinlocks", 0, 0, 0),
    /** What "Hv#1" implies: it is there whenever the interface is. */
    VP_INDEX("vpindex", PartitionPrivilege.ACCESS_VP_INDEX, 0, 0),
    RUNTIME("runtime", PartitionPrivilege.ACCESS_VP_RUN_TIME_REG, 0, 0),
    CRASH("crash", 0, HvCpuid.FEATURES_EDX_GUEST_CRASH_MSRS, 0),
    TIME(
            "time",
            PartitionPrivilege.ACCESS_PARTITION_REFERENCE_COUNTER | PartitionPrivilege.ACCESS_PARTITION_REFERENCE_TSC,
            0,
            0),
    SYNIC(
            "synic",
            PartitionPrivilege.ACCESS_SYNIC_REGS | PartitionPrivilege.POST_MESSAGES | PartitionPrivilege.SIGNAL_EVENTS,
            HvCpuid.FEATURES_EDX_SINT_POLLING_MODE,
            0),
    STIMER("stimer", PartitionPrivilege.ACCESS_SYNTHETIC_TIMER_REGS, 0, 0),
    STIMER_DIRECT("stimer-direct", 0, HvCpuid.FEATURES_EDX_DIRECT_SYNTHETIC_TIMERS, 0),
    TLB_FLUSH("tlbflush", 0, 0, 1 << 2 | 1 << 11),
    TLB_FLUSH_EXTENDED("tlbflush-ext", 0, HvCpuid.FEATURES_EDX_EXTENDED_GVA_RANGES_FOR_FLUSH_VIRTUAL_ADDRESS_LIST, 0),
    IPI("ipi", 0, 0, 1 << 10 | 1 << 11),
    XMM_INPUT("xmm-input", 0, HvCpuid.FEATURES_EDX_XMM_HYPERCALL_INPUT, 0),
    XMM_OUTPUT("xmm-output", 0, HvCpuid.FEATURES_EDX_XMM_HYPERCALL_OUTPUT, 0),
    FREQUENCIES("frequencies", PartitionPrivilege.ACCESS_FREQUENCY_REGS, HvCpuid.FEATURES_EDX_TIMER_FREQUENCIES, 0),
    RESET("reset", PartitionPrivilege.ACCESS_RESET_REG, 0, 0),
    REENLIGHTENMENT("reenlightenment", PartitionPrivilege.ACCESS_REENLIGHTENMENT_CONTROLS, 0, 0),
    IDLE("idle", PartitionPrivilege.ACCESS_GUEST_IDLE_REG, HvCpuid.FEATURES_EDX_GUEST_IDLE_STATE, 0),
    NPIEP("npiep", 0, HvCpuid.FEATURES_EDX_NPIEP, 0),
    /** The synthetic debugger's options register; there is no debugger behind it, and its calls are refused. */
    SYNTHETIC_DEBUGGER("syndbg", 0, HvCpuid.FEATURES_EDX_DEBUG_MSRS, 0),
    VP_REGISTERS("vp-registers", PartitionPrivilege.ACCESS_VP_REGISTERS, 0, 0),
    START_VP("start-vp", PartitionPrivilege.START_VIRTUAL_PROCESSOR, 0, 0),
    EXTENDED_CALLS("ext-calls", PartitionPrivilege.ENABLE_EXTENDED_HYPERCALLS, 0, 0);

    private final String spelling;
    final long privileges;
    /** Bits of CPUID 0x40000003 EDX. */
    final int features;
    /** Bits of CPUID 0x40000004 EAX. */
    final int recommendations;

    Enlightenment(String spelling, long privileges, int features, int recommendations) {
        this.spelling = spelling;
        this.privileges = privileges;
        this.features = features;
        this.recommendations = recommendations;
    }

    /** As on the command line. */
    public String spelling() {
        return spelling;
    }

    /**
     * What this needs to be of any use. Timers count in reference time: guests that find timers read it without asking whether it is
     * there (Linux would jump to address 0).
     */
    public Set<Enlightenment> needs() {
        return switch (this) {
            case STIMER -> EnumSet.of(SYNIC, TIME);
            case STIMER_DIRECT -> EnumSet.of(STIMER);
            case TLB_FLUSH_EXTENDED -> EnumSet.of(TLB_FLUSH);
            case XMM_OUTPUT -> EnumSet.of(XMM_INPUT);
            default -> EnumSet.noneOf(Enlightenment.class);
        };
    }
}
