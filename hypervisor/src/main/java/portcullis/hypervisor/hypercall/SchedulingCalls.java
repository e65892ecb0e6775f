package portcullis.hypervisor.hypercall;

import java.util.List;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** Calls about who runs: NotifyLongSpinWait, GetVpIndexFromApicId. */
public final class SchedulingCalls {
    private static final long PARTITION_SELF = -1;

    private SchedulingCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.NOTIFY_LONG_SPIN_WAIT, SchedulingCalls::notifyLongSpinWait),
                new Hypercall(HypercallCode.GET_VP_INDEX_FROM_APIC_ID, SchedulingCalls::vpIndexFromApicId));
    }

    private static int notifyLongSpinWait(CallContext call) {
        call.vp().yieldTurn();
        return HvStatus.SUCCESS;
    }

    /** Partition, target level (which has the same ids as all others), then a list of ids; indexes come back. */
    private static int vpIndexFromApicId(CallContext call) {
        if (call.inputLong(0) != PARTITION_SELF) {
            return HvStatus.INVALID_PARTITION_ID;
        }
        if (!TargetLevel.valid(call, call.inputByte(8))) {
            return HvStatus.INVALID_PARAMETER;
        }
        return call.eachElement(index -> {
            int id = call.inputInt(call.element(index));
            for (VirtualProcessor vp : call.partition().processors()) {
                if (vp.apic().id() == id) {
                    call.outputInt(call.outputElement(index), vp.index());
                    return HvStatus.SUCCESS;
                }
            }
            return HvStatus.INVALID_PARAMETER;
        });
    }
}
