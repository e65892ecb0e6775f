package portcullis.tlfs;

import static portcullis.tlfs.PartitionPrivilege.ACCESS_DEBUG_REGS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_FREQUENCY_REGS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_GUEST_IDLE_REG;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_HYPERCALL_MSRS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_INTR_CTRL_REGS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_PARTITION_REFERENCE_COUNTER;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_PARTITION_REFERENCE_TSC;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_REENLIGHTENMENT_CONTROLS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_RESET_REG;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_STATS_REG;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_SYNIC_REGS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_SYNTHETIC_TIMER_REGS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_TSC_INVARIANT_CONTROLS;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_VP_INDEX;
import static portcullis.tlfs.PartitionPrivilege.ACCESS_VP_RUN_TIME_REG;
import static portcullis.tlfs.PartitionPrivilege.CPU_MANAGEMENT;
import static portcullis.tlfs.PartitionPrivilege.NONE;
import static portcullis.tlfs.SyntheticMsr.Access.READ;
import static portcullis.tlfs.SyntheticMsr.Access.READ_WRITE;
import static portcullis.tlfs.SyntheticMsr.Access.WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the specification says of a synthetic MSR.
 *
 * <p>Source: TLFS v6.0b, Appendix C. The reference TSC has a privilege of its own since
 * (hv_partition_privilege_mask.md).
 *
 * @param number as in ECX
 * @param specName HV_X64_MSR_...
 * @param access what RDMSR and WRMSR may do; anything else is #GP
 * @param privilege one bit of {@link PartitionPrivilege}, without which an access is #GP; 0 where none is needed
 * @param feature one bit of {@link HvCpuid} 0x40000003 EDX that announces the MSR in place of a privilege; 0: none
 */
public record SyntheticMsr(int number, String specName, Access access, long privilege, int feature) {
    /** What a guest can do with an MSR. */
    public enum Access {
        READ,
        WRITE,
        READ_WRITE
    }

    private static final List<SyntheticMsr> ALL = List.copyOf(table());
    private static final Map<Integer, SyntheticMsr> BY_NUMBER =
            ALL.stream().collect(Collectors.toUnmodifiableMap(SyntheticMsr::number, msr -> msr));

    /** Every synthetic MSR, members of families included. */
    public static List<SyntheticMsr> all() {
        return ALL;
    }

    /** The MSR with this number, or null where the specification has none. */
    public static SyntheticMsr of(int number) {
        return BY_NUMBER.get(number);
    }

    public boolean readable() {
        return access != WRITE;
    }

    public boolean writable() {
        return access != READ;
    }

    private static List<SyntheticMsr> table() {
        List<SyntheticMsr> table = new ArrayList<>();
        addPartitionAndVp(table);
        addSynic(table);
        addPowerAndStatistics(table);
        addDebugAndCrash(table);
        addNested(table);
        return table;
    }

    private static void addPartitionAndVp(List<SyntheticMsr> table) {
        add(table, HvMsr.GUEST_OS_ID, "GUEST_OS_ID", READ_WRITE, ACCESS_HYPERCALL_MSRS);
        add(table, HvMsr.HYPERCALL, "HYPERCALL", READ_WRITE, ACCESS_HYPERCALL_MSRS);
        add(table, HvMsr.VP_INDEX, "VP_INDEX", READ, ACCESS_VP_INDEX);
        add(table, HvMsr.RESET, "RESET", READ_WRITE, ACCESS_RESET_REG);
        add(table, HvMsr.VP_RUNTIME, "VP_RUNTIME", READ, ACCESS_VP_RUN_TIME_REG);
        add(table, HvMsr.TIME_REF_COUNT, "TIME_REF_COUNT", READ, ACCESS_PARTITION_REFERENCE_COUNTER);
        add(table, HvMsr.REFERENCE_TSC, "REFERENCE_TSC", READ_WRITE, ACCESS_PARTITION_REFERENCE_TSC);
        add(table, HvMsr.TSC_FREQUENCY, "TSC_FREQUENCY", READ, ACCESS_FREQUENCY_REGS);
        add(table, HvMsr.APIC_FREQUENCY, "APIC_FREQUENCY", READ, ACCESS_FREQUENCY_REGS);
        addFeature(table, HvMsr.NPIEP_CONFIG, "NPIEP_CONFIG", READ_WRITE, HvCpuid.FEATURES_EDX_NPIEP);
        add(table, HvMsr.EOI, "EOI", WRITE, ACCESS_INTR_CTRL_REGS);
        add(table, HvMsr.ICR, "ICR", READ_WRITE, ACCESS_INTR_CTRL_REGS);
        add(table, HvMsr.TPR, "TPR", READ_WRITE, ACCESS_INTR_CTRL_REGS);
        add(table, HvMsr.VP_ASSIST_PAGE, "VP_ASSIST_PAGE", READ_WRITE, ACCESS_INTR_CTRL_REGS);
    }

    private static void addSynic(List<SyntheticMsr> table) {
        add(table, HvMsr.SCONTROL, "SCONTROL", READ_WRITE, ACCESS_SYNIC_REGS);
        add(table, HvMsr.SVERSION, "SVERSION", READ, ACCESS_SYNIC_REGS);
        add(table, HvMsr.SIEFP, "SIEFP", READ_WRITE, ACCESS_SYNIC_REGS);
        add(table, HvMsr.SIMP, "SIMP", READ_WRITE, ACCESS_SYNIC_REGS);
        // For writing only in the table; the text has reads return zero, and guests read it.
        add(table, HvMsr.EOM, "EOM", READ_WRITE, ACCESS_SYNIC_REGS);
        add(table, HvMsr.SIRBP, "SIRBP", READ_WRITE, ACCESS_SYNIC_REGS);
        for (int sint = 0; sint < HvMsr.SINT_COUNT; sint++) {
            add(table, HvMsr.SINT0 + sint, "SINT" + sint, READ_WRITE, ACCESS_SYNIC_REGS);
        }
        for (int timer = 0; timer < HvMsr.STIMER_COUNT; timer++) {
            String name = "STIMER" + timer;
            add(table, HvMsr.STIMER0_CONFIG + 2 * timer, name + "_CONFIG", READ_WRITE, ACCESS_SYNTHETIC_TIMER_REGS);
            add(table, HvMsr.STIMER0_COUNT + 2 * timer, name + "_COUNT", READ_WRITE, ACCESS_SYNTHETIC_TIMER_REGS);
        }
        String unhalted = "STIME_UNHALTED_TIMER";
        add(table, HvMsr.STIME_UNHALTED_TIMER_CONFIG, unhalted + "_CONFIG", READ_WRITE, ACCESS_SYNTHETIC_TIMER_REGS);
        add(table, HvMsr.STIME_UNHALTED_TIMER_COUNT, unhalted + "_COUNT", READ_WRITE, ACCESS_SYNTHETIC_TIMER_REGS);
    }

    private static void addPowerAndStatistics(List<SyntheticMsr> table) {
        for (int state = 1; state <= 3; state++) {
            int offset = state - 1;
            add(table, HvMsr.POWER_STATE_TRIGGER_C1 + offset, "POWER_STATE_TRIGGER_C" + state, READ, CPU_MANAGEMENT);
            add(
                    table,
                    HvMsr.POWER_STATE_CONFIG_C1 + offset,
                    "POWER_STATE_CONFIG_C" + state,
                    READ_WRITE,
                    CPU_MANAGEMENT);
        }
        String partition = "STATS_PARTITION_";
        add(table, HvMsr.STATS_PARTITION_RETAIL_PAGE, partition + "RETAIL_PAGE", READ_WRITE, ACCESS_STATS_REG);
        add(table, HvMsr.STATS_PARTITION_INTERNAL_PAGE, partition + "INTERNAL_PAGE", READ_WRITE, ACCESS_STATS_REG);
        add(table, HvMsr.STATS_VP_RETAIL_PAGE, "STATS_VP_RETAIL_PAGE", READ_WRITE, ACCESS_STATS_REG);
        add(table, HvMsr.STATS_VP_INTERNAL_PAGE, "STATS_VP_INTERNAL_PAGE", READ_WRITE, ACCESS_STATS_REG);
        add(table, HvMsr.GUEST_IDLE, "GUEST_IDLE", READ, ACCESS_GUEST_IDLE_REG);
    }

    private static void addDebugAndCrash(List<SyntheticMsr> table) {
        add(table, HvMsr.SYNTH_DEBUG_CONTROL, "SYNTH_DEBUG_CONTROL", READ_WRITE, ACCESS_DEBUG_REGS);
        add(table, HvMsr.SYNTH_DEBUG_STATUS, "SYNTH_DEBUG_STATUS", READ, ACCESS_DEBUG_REGS);
        add(table, HvMsr.SYNTH_DEBUG_SEND_BUFFER, "SYNTH_DEBUG_SEND_BUFFER", READ_WRITE, ACCESS_DEBUG_REGS);
        add(table, HvMsr.SYNTH_DEBUG_RECEIVE_BUFFER, "SYNTH_DEBUG_RECEIVE_BUFFER", READ_WRITE, ACCESS_DEBUG_REGS);
        add(table, HvMsr.SYNTH_DEBUG_PENDING_BUFFER, "SYNTH_DEBUG_PENDING_BUFFER", READ_WRITE, ACCESS_DEBUG_REGS);
        addFeature(table, HvMsr.DEBUG_OPTIONS, "DEBUG_OPTIONS", READ_WRITE, HvCpuid.FEATURES_EDX_DEBUG_MSRS);
        for (int parameter = 0; parameter < 5; parameter++) {
            int number = HvMsr.CRASH_P0 + parameter;
            addFeature(table, number, "CRASH_P" + parameter, READ_WRITE, HvCpuid.FEATURES_EDX_GUEST_CRASH_MSRS);
        }
        addFeature(table, HvMsr.CRASH_CTL, "CRASH_CTL", READ_WRITE, HvCpuid.FEATURES_EDX_GUEST_CRASH_MSRS);
        long reenlightenment = ACCESS_REENLIGHTENMENT_CONTROLS;
        add(table, HvMsr.REENLIGHTENMENT_CONTROL, "REENLIGHTENMENT_CONTROL", READ_WRITE, reenlightenment);
        add(table, HvMsr.TSC_EMULATION_CONTROL, "TSC_EMULATION_CONTROL", READ_WRITE, reenlightenment);
        add(table, HvMsr.TSC_EMULATION_STATUS, "TSC_EMULATION_STATUS", READ_WRITE, reenlightenment);
        add(table, HvMsr.TSC_INVARIANT_CONTROL, "TSC_INVARIANT_CONTROL", READ_WRITE, ACCESS_TSC_INVARIANT_CONTROLS);
    }

    private static void addNested(List<SyntheticMsr> table) {
        add(table, HvMsr.NESTED_VP_INDEX, "NESTED_VP_INDEX", READ, CPU_MANAGEMENT);
        add(table, HvMsr.NESTED_SCONTROL, "NESTED_SCONTROL", READ_WRITE, CPU_MANAGEMENT);
        add(table, HvMsr.NESTED_SVERSION, "NESTED_SVERSION", READ, CPU_MANAGEMENT);
        add(table, HvMsr.NESTED_SIEFP, "NESTED_SIEFP", READ_WRITE, CPU_MANAGEMENT);
        add(table, HvMsr.NESTED_SIMP, "NESTED_SIMP", READ_WRITE, CPU_MANAGEMENT);
        add(table, HvMsr.NESTED_EOM, "NESTED_EOM", WRITE, CPU_MANAGEMENT);
        for (int sint = 0; sint < HvMsr.SINT_COUNT; sint++) {
            add(table, HvMsr.NESTED_SINT0 + sint, "NESTED_SINT" + sint, READ_WRITE, CPU_MANAGEMENT);
        }
    }

    private static void add(List<SyntheticMsr> table, int number, String name, Access access, long privilege) {
        table.add(new SyntheticMsr(number, "HV_X64_MSR_" + name, access, privilege, 0));
    }

    private static void addFeature(List<SyntheticMsr> table, int number, String name, Access access, int feature) {
        table.add(new SyntheticMsr(number, "HV_X64_MSR_" + name, access, NONE, feature));
    }
}
