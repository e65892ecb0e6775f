package portcullis.hypervisor.vsm;

import java.util.List;
import portcullis.engine.Register;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.HypercallHandler;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;
import portcullis.tlfs.page.AssistPage;

/** Enabling trust levels, and calling and leaving them (TLFS vsm.md, "VTL Enablement", "VTL Entry", "VTL Exit"). */
public final class VtlCalls {
    private static final long PARTITION_SELF = -1;
    private static final int VP_SELF = -2;
    private static final int MBEC = 1;

    private static final int PARTITION = 0;
    // EnablePartitionVtl.
    private static final int PARTITION_LEVEL = 8;
    private static final int FLAGS = 9;
    // EnableVpVtl.
    private static final int VP = 8;
    private static final int LEVEL = 12;
    private static final int CONTEXT = 16;

    private static final long FAST_RETURN = 1;

    private VtlCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.ENABLE_PARTITION_VTL, VtlCalls::enablePartition),
                new Hypercall(HypercallCode.ENABLE_VP_VTL, VtlCalls::enableVp),
                new Hypercall(HypercallCode.VTL_CALL, VtlCalls::call),
                new Hypercall(HypercallCode.VTL_RETURN, VtlCalls::leave));
    }

    private static int enablePartition(CallContext call) {
        if (call.inputLong(PARTITION) != PARTITION_SELF) {
            return HvStatus.INVALID_PARTITION_ID;
        }
        int flags = call.inputByte(FLAGS);
        Partition partition = call.partition();
        boolean mbec = (flags & MBEC) != 0;
        if ((flags & ~MBEC) != 0 || mbec && !partition.engine().capabilities().executeProtection()) {
            return HvStatus.INVALID_PARAMETER;
        }
        int level = call.inputByte(PARTITION_LEVEL);
        return partition.trustLevels().enable(call.level().level(), level, mbec, () -> partition.openLevel(level));
    }

    private static int enableVp(CallContext call) {
        if (call.inputLong(PARTITION) != PARTITION_SELF) {
            return HvStatus.INVALID_PARTITION_ID;
        }
        Partition partition = call.partition();
        int index = call.inputInt(VP) == VP_SELF ? call.vp().index() : call.inputInt(VP);
        if (index < 0 || index >= partition.processors().size()) {
            return HvStatus.INVALID_VP_INDEX;
        }
        int level = call.inputByte(LEVEL);
        if (level < 1 || level > partition.trustLevels().maximum()) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (!partition.trustLevels().enabled(level)) {
            return HvStatus.INVALID_VTL_STATE;
        }
        VirtualProcessor target = partition.processors().get(index);
        if (!mayEnable(call, level)) {
            return HvStatus.ACCESS_DENIED;
        }
        InitialContext context = new InitialContext(call, CONTEXT);
        if (!context.acceptable(call.vp().cpu(), partition.memory().view(level))) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        boolean first = partition.trustLevels().claim(level);
        if (!first && call.level().level() < level) {
            // Somebody else has come first, since it was looked at whether anybody has.
            return HvStatus.ACCESS_DENIED;
        }
        int[] status = {HvStatus.SUCCESS};
        target.callFrom(call.vp(), () -> {
            if (target.context(level) != null) {
                status[0] = HvStatus.VTL_ALREADY_ENABLED;
            } else {
                target.enableLevel(level, context::load);
            }
        });
        return status[0];
    }

    /**
     * A level is enabled by itself or a higher one; the first time on any VP also by the highest level below it (TLFS,
     * HvCallEnableVpVtl).
     */
    private static boolean mayEnable(CallContext call, int level) {
        int caller = call.level().level();
        if (caller >= level) {
            return true;
        }
        boolean first = call.partition().processors().stream().noneMatch(vp -> vp.context(level) != null);
        return first && call.partition().trustLevels().highestBelow(level) == caller;
    }

    private static int call(CallContext call) {
        int level = call.vp().levels().next();
        if (level < 0 || control(call) != 0) {
            return HypercallHandler.UNDEFINED;
        }
        call.completeInstruction();
        call.vp().levels().enter(level, AssistPage.VtlControl.ENTRY_REASON_VTL_CALL);
        return HypercallHandler.DONE;
    }

    private static int leave(CallContext call) {
        long control = control(call);
        if (call.level().level() == 0 || (control & ~FAST_RETURN) != 0) {
            return HypercallHandler.UNDEFINED;
        }
        call.completeInstruction();
        call.vp().levels().leave((control & FAST_RETURN) != 0);
        return HypercallHandler.DONE;
    }

    /** The control input: where the sequences in the hypercall page put it. */
    private static long control(CallContext call) {
        return call.wideCaller()
                ? call.vp().cpu().get(Register.RAX)
                : call.vp().cpu().get(Register.RCX) & 0xffff_ffffL;
    }
}
