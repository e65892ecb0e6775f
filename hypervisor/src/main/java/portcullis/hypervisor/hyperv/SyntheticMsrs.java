package portcullis.hypervisor.hyperv;

import portcullis.engine.ExitDetails;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.apic.ApicMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.SyntheticMsr;
import portcullis.tlfs.register.MsrContents.NpiepConfig;

/**
 * RDMSR and WRMSR of the synthetic MSRs (TLFS), for one trust level of one VP, on the VP's thread. What the partition may use is
 * in the specification's table; an MSR that it may not, and one that does not exist, is #GP.
 */
public final class SyntheticMsrs {
    private static final int FIRST = 0x40000000;
    private static final int COUNT = 0x200;

    private static final long RESET = 1;

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VtlContext context;
    private final PartitionLevel level;
    private int npiep;
    private final boolean[] readable = new boolean[COUNT];
    private final boolean[] writable = new boolean[COUNT];

    public SyntheticMsrs(Partition partition, VirtualProcessor vp, VtlContext context) {
        this.partition = partition;
        this.vp = vp;
        this.context = context;
        level = partition.level(context.level());
        HypervConfig config = partition.hyperv();
        for (SyntheticMsr msr : SyntheticMsr.all()) {
            int index = msr.number() - FIRST;
            boolean granted = index >= 0
                    && index < COUNT
                    && config.grants(msr.privilege())
                    && (config.features() & msr.feature()) == msr.feature();
            if (granted) {
                readable[index] = msr.readable();
                writable[index] = msr.writable();
            }
        }
    }

    /** What is kept here, as after a reset. */
    public void reset() {
        npiep = 0;
    }

    /** What is kept here: of the rest others know. What NPIEP prevents is in the processor's state, too. */
    public void save(StateWriter out) {
        out.putInt(npiep);
    }

    public void restore(StateReader in) {
        npiep = in.getInt();
        if ((npiep & NpiepConfig.RESERVED) != 0) {
            throw in.refused("prevents instructions that there are not");
        }
    }

    /** Whether {@code msr} is in the range that is the hypervisor's. */
    public static boolean owns(int msr) {
        return msr >>> 9 == FIRST >>> 9;
    }

    /** Answers an MSR_READ exit: the value, or #GP. */
    public void read(ExitDetails exit) {
        exit.fault = !readable[exit.msr - FIRST];
        if (exit.fault) {
            return;
        }
        exit.value = switch (exit.msr) {
            case HvMsr.GUEST_OS_ID -> level.guestOsId();
            case HvMsr.HYPERCALL -> level.hypercall();
            case HvMsr.VP_INDEX -> vp.index();
            case HvMsr.RESET -> 0;
            case HvMsr.VP_RUNTIME -> vp.runTime();
            case HvMsr.TIME_REF_COUNT -> partition.referenceTime().now();
            case HvMsr.REFERENCE_TSC -> level.referenceTsc();
            case HvMsr.TSC_FREQUENCY -> partition.time().clock().frequency();
            case HvMsr.APIC_FREQUENCY -> partition.time().clock().frequency();
            case HvMsr.ICR -> known(exit, context.apic().interruptCommand());
            case HvMsr.TPR -> known(exit, context.apic().taskPriority());
            case HvMsr.VP_ASSIST_PAGE -> context.assistPage().register();
            case HvMsr.GUEST_IDLE -> {
                context.idle();
                yield 0;
            }
            case HvMsr.CRASH_P0, HvMsr.CRASH_P0 + 1, HvMsr.CRASH_P0 + 2, HvMsr.CRASH_P0 + 3, HvMsr.CRASH_P0 + 4 ->
                partition.msrs().crash().parameter(exit.msr - HvMsr.CRASH_P0);
            case HvMsr.CRASH_CTL -> partition.msrs().crash().capabilities();
            case HvMsr.NPIEP_CONFIG -> npiep;
            case HvMsr.DEBUG_OPTIONS -> partition.msrs().debugOptions();
            case HvMsr.REENLIGHTENMENT_CONTROL, HvMsr.TSC_EMULATION_CONTROL, HvMsr.TSC_EMULATION_STATUS ->
                partition.msrs().reenlightenment().read(exit.msr);
            default -> {
                exit.fault = !context.synic().readMsr(exit.msr, exit);
                yield exit.value;
            }
        };
    }

    /** -1: the local APIC is off, and its registers with it. */
    private static long known(ExitDetails exit, long value) {
        exit.fault = value == LocalApic.NONE;
        return value;
    }

    /** Whether the partition may write {@code msr}. */
    public boolean canWrite(int msr) {
        return writable[msr - FIRST];
    }

    /** Carries out an MSR_WRITE exit. @return false for #GP */
    public boolean write(int msr, long value) {
        if (!writable[msr - FIRST]) {
            return false;
        }
        switch (msr) {
            case HvMsr.GUEST_OS_ID -> level.setGuestOsId(value);
            case HvMsr.HYPERCALL -> {
                return level.setHypercall(value);
            }
            case HvMsr.RESET -> {
                if ((value & RESET) != 0) {
                    partition.end(new Outcome.Reset());
                }
            }
            case HvMsr.REFERENCE_TSC -> level.setReferenceTsc(value);
            case HvMsr.EOI, HvMsr.ICR, HvMsr.TPR -> {
                return writeApic(msr, value);
            }
            case HvMsr.VP_ASSIST_PAGE -> {
                return context.assistPage().setRegister(value);
            }
            case HvMsr.CRASH_P0, HvMsr.CRASH_P0 + 1, HvMsr.CRASH_P0 + 2, HvMsr.CRASH_P0 + 3, HvMsr.CRASH_P0 + 4 ->
                partition.msrs().crash().setParameter(msr - HvMsr.CRASH_P0, value);
            case HvMsr.NPIEP_CONFIG -> {
                if ((value & NpiepConfig.RESERVED) != 0) {
                    return false;
                }
                npiep = (int) value;
                vp.cpu().preventStores(npiep);
            }
            case HvMsr.DEBUG_OPTIONS -> partition.msrs().setDebugOptions(value);
            case HvMsr.CRASH_CTL ->
                partition
                        .msrs()
                        .writeCrashControl(vp.index(), value, partition.memory().view(context.level()));
            case HvMsr.REENLIGHTENMENT_CONTROL, HvMsr.TSC_EMULATION_CONTROL, HvMsr.TSC_EMULATION_STATUS -> {
                return partition.msrs().reenlightenment().write(msr, value);
            }
            default -> {
                return context.synic().writeMsr(msr, value);
            }
        }
        return true;
    }

    private boolean writeApic(int msr, long value) {
        LocalApic apic = context.apic();
        return switch (msr) {
            case HvMsr.EOI -> {
                boolean allowed = value >>> 32 == 0 && apic.mode() != ApicMode.DISABLED;
                if (allowed) {
                    apic.endOfInterrupt();
                }
                yield allowed;
            }
            case HvMsr.ICR -> apic.writeInterruptCommand(value);
            default -> apic.writeTaskPriority(value);
        };
    }
}
