package portcullis.hypervisor.registers;

import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VpStateRegisters.InterceptSuspend;

/** HvRegisterInterceptSuspend (TLFS 2.0, 10.3.1): flushes of this level are inhibited for an intercept. Only ever cleared. */
final class SuspensionRegisters implements RegisterGroup {
    private final VtlContext context;

    SuspensionRegisters(VtlContext context) {
        this.context = context;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        if (name != HvRegister.INTERCEPT_SUSPEND) {
            return HvStatus.INVALID_PARAMETER;
        }
        boolean inhibited = context.flushGate().holds(InhibitReason.INTERCEPT);
        into.set(inhibited ? InterceptSuspend.TLB_FLUSH_INHIBIT : 0);
        return HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        if (name != HvRegister.INTERCEPT_SUSPEND) {
            return HvStatus.INVALID_PARAMETER;
        }
        boolean inhibited = context.flushGate().holds(InhibitReason.INTERCEPT);
        boolean sets = (value.low & ~(inhibited ? InterceptSuspend.TLB_FLUSH_INHIBIT : 0)) != 0;
        if (sets || value.high != 0) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        if (value.low == 0) {
            context.liftFlushInhibit(InhibitReason.INTERCEPT.bit());
        }
        return HvStatus.SUCCESS;
    }
}
