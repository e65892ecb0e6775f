package portcullis.hypervisor.hypercall;

import java.util.List;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** SendSyntheticClusterIpi and its Ex form (TLFS): a fixed interrupt for a set of VPs. */
public final class IpiCalls {
    private static final int VECTOR = 0;
    private static final int TARGET_LEVEL = 4;
    private static final int PROCESSORS = 8;

    private static final int FIRST_VECTOR = 0x10;
    private static final int LAST_VECTOR = 0xff;

    private IpiCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.SEND_SYNTHETIC_CLUSTER_IPI, call -> {
                    call.targets().mask(call.inputLong(PROCESSORS));
                    return send(call);
                }),
                new Hypercall(HypercallCode.SEND_SYNTHETIC_CLUSTER_IPI_EX, call -> {
                    int status = call.targets().sparse(call, PROCESSORS, call.variableBytes());
                    return status == HvStatus.SUCCESS ? send(call) : status;
                }));
    }

    private static int send(CallContext call) {
        int vector = call.inputInt(VECTOR);
        int level = TargetLevel.of(call, call.inputByte(TARGET_LEVEL));
        if (vector < FIRST_VECTOR
                || vector > LAST_VECTOR
                || level < 0
                || call.partition().level(level) == null) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (level > call.level().level() && !call.partition().hyperv().interruptsUpwards()) {
            return HvStatus.ACCESS_DENIED;
        }
        VpTargets targets = call.targets();
        for (int vp = targets.next(0); vp >= 0; vp = targets.next(vp + 1)) {
            VtlContext context = call.partition().processors().get(vp).context(level);
            if (context != null) {
                context.apic().receive(DeliveryMode.FIXED, vector, false);
            }
        }
        return HvStatus.SUCCESS;
    }
}
