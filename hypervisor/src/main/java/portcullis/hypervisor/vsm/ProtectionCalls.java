package portcullis.hypervisor.vsm;

import java.util.List;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.TargetLevel;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** HvCallModifyVtlProtectionMask (TLFS): a level restricts what lower ones may do with pages. */
public final class ProtectionCalls {
    private static final long PARTITION_SELF = -1;
    private static final int PARTITION = 0;
    private static final int MAP_FLAGS = 8;
    private static final int LEVEL = 12;

    /** HV_MAP_GPA_FLAGS: read, write, kernel and user execute. */
    private static final int PERMISSIONS = 0xf;

    private static final int PAGE_SHIFT = 12;

    private ProtectionCalls() {}

    public static List<Hypercall> calls() {
        return List.of(new Hypercall(HypercallCode.MODIFY_VTL_PROTECTION_MASK, ProtectionCalls::modify));
    }

    private static int modify(CallContext call) {
        if (call.inputLong(PARTITION) != PARTITION_SELF) {
            return HvStatus.INVALID_PARTITION_ID;
        }
        int allowed = call.inputInt(MAP_FLAGS);
        int lower = TargetLevel.of(call, call.inputByte(LEVEL));
        int by = call.level().level();
        if ((allowed & ~PERMISSIONS) != 0 || !Protections.combines(allowed) || lower < 0) {
            return HvStatus.INVALID_PARAMETER;
        }
        Protections protections = call.partition().protections();
        if (lower >= by || !protections.enabled(by)) {
            return HvStatus.ACCESS_DENIED;
        }
        return protect(call, protections, by, lower, allowed);
    }

    /** All pages up to the first that is no memory, as one change. */
    private static int protect(CallContext call, Protections protections, int by, int lower, int allowed) {
        long[] gpas = new long[call.repCount() - call.repStart()];
        int count = 0;
        int status = HvStatus.SUCCESS;
        for (int index = call.repStart(); index < call.repCount(); index++) {
            long page = call.inputLong(call.element(index));
            if (page >>> 64 - PAGE_SHIFT != 0 || !protections.isRam(page << PAGE_SHIFT)) {
                status = HvStatus.INVALID_PARAMETER;
                break;
            }
            gpas[count++] = page << PAGE_SHIFT;
        }
        protections.set(by, lower, gpas, count, allowed);
        call.repsDone(call.repStart() + count);
        return status;
    }
}
