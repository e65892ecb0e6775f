package portcullis.hypervisor.hypercall;

import java.util.function.IntSupplier;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.HvStatus;

/**
 * Whom a call is about, as its input names it: partition, VP, trust level.
 *
 * @param status an HV_STATUS; the rest is null where it is not success
 */
public record TargetVp(int status, VirtualProcessor vp, VtlContext context) {
    private static final long PARTITION_SELF = -1;
    private static final int VP_SELF = -2;

    /** @param partition, vp, level offsets in the input: 8, 4 and 1 bytes, the last an HV_INPUT_VTL */
    public static TargetVp of(CallContext call, int partition, int vp, int level) {
        return of(call, partition, vp, () -> TargetLevel.of(call, call.inputByte(level)));
    }

    /** The same where the input has an HV_VTL, the plain number of a level. */
    public static TargetVp ofNamedLevel(CallContext call, int partition, int vp, int level) {
        return of(call, partition, vp, () -> {
            int named = call.inputByte(level);
            return named < GuestMemory.LEVELS ? named : -1;
        });
    }

    private static TargetVp of(CallContext call, int partition, int vp, IntSupplier level) {
        if (call.inputLong(partition) != PARTITION_SELF) {
            return failed(HvStatus.INVALID_PARTITION_ID);
        }
        int index = call.inputInt(vp);
        if (index == VP_SELF) {
            index = call.vp().index();
        }
        if (index < 0 || index >= call.partition().processors().size()) {
            return failed(HvStatus.INVALID_VP_INDEX);
        }
        int wanted = level.getAsInt();
        if (wanted < 0) {
            return failed(HvStatus.INVALID_PARAMETER);
        }
        if (wanted > call.level().level()) {
            return failed(HvStatus.ACCESS_DENIED);
        }
        VirtualProcessor target = call.partition().processors().get(index);
        VtlContext context = target.context(wanted);
        return context == null ? failed(HvStatus.INVALID_VTL_STATE) : new TargetVp(HvStatus.SUCCESS, target, context);
    }

    private static TargetVp failed(int status) {
        return new TargetVp(status, null, null);
    }
}
