package portcullis.hypervisor.registers;

import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VpStateRegisters.InterceptSuspend;

/**
 * HvRegisterInterceptSuspend (TLFS 2.0, 10.3.1): flushes of this level are inhibited for an intercept. Only ever cleared, and never by
 * the level itself, on whichever VP it runs: whom it keeps from flushing is not whom it asks.
 */
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
        return write(name, value, context.level());
    }

    /** @param caller ends what it and levels below it hold; what a higher one holds stays */
    @Override
    public int write(HvRegister name, RegisterValue value, int caller) {
        if (name != HvRegister.INTERCEPT_SUSPEND) {
            return HvStatus.INVALID_PARAMETER;
        }
        if (caller <= context.level()) {
            return HvStatus.ACCESS_DENIED;
        }
        boolean inhibited = context.flushGate().holds(InhibitReason.INTERCEPT);
        boolean sets = (value.low & ~(inhibited ? InterceptSuspend.TLB_FLUSH_INHIBIT : 0)) != 0;
        if (sets || value.high != 0) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        if (value.low == 0) {
            context.endFlushInhibit(InhibitReason.INTERCEPT, caller);
        }
        return HvStatus.SUCCESS;
    }
}
