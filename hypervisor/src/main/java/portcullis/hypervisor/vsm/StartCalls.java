package portcullis.hypervisor.vsm;

import java.util.List;
import portcullis.engine.Register;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.HypercallHandler;
import portcullis.hypervisor.hypercall.TargetVp;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** HvCallStartVirtualProcessor (TLFS): starts a processor that has not been started, in a state of the caller's choice. */
public final class StartCalls {
    private static final int PARTITION = 0;
    private static final int VP = 8;
    private static final int LEVEL = 12;
    private static final int CONTEXT = 16;

    private StartCalls() {}

    public static List<Hypercall> calls() {
        return List.of(new Hypercall(HypercallCode.START_VIRTUAL_PROCESSOR, StartCalls::start));
    }

    private static int start(CallContext call) {
        TargetVp target = TargetVp.ofNamedLevel(call, PARTITION, VP, LEVEL);
        if (target.status() != HvStatus.SUCCESS) {
            return target.status();
        }
        int caller = call.level().level();
        if (call.partition().trustLevels().startupDenied(caller)) {
            return HvStatus.ACCESS_DENIED;
        }
        int level = target.context().level();
        InitialContext wanted = new InitialContext(call, CONTEXT);
        if (!wanted.acceptable(call.vp().cpu(), call.partition().memory().view(level))) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        int interceptor = call.partition().trustLevels().startupInterceptor(caller);
        if (interceptor >= 0) {
            return call.vp().startupIntercept().hypercall(interceptor, call.instructionLength())
                    ? HypercallHandler.INTERCEPTED
                    : HvStatus.ACCESS_DENIED;
        }
        VirtualProcessor vp = target.vp();
        // Where a level has come to deny or watch it meanwhile the call is issued again, and finds that.
        int[] status = {HypercallHandler.CONTINUE};
        vp.callFrom(
                call.vp(),
                () -> call.partition()
                        .trustLevels()
                        .whereStartupIsFree(caller, () -> status[0] = start(vp, level, wanted, caller)));
        return status[0];
    }

    private static int start(VirtualProcessor vp, int level, InitialContext wanted, int caller) {
        int active = vp.cpu().context();
        vp.cpu().switchContext(level);
        // A start puts 1 into XCR0, which the levels share, as INIT does.
        boolean changesFeatures = vp.cpu().get(Register.XCR0) != 1;
        boolean kept = wanted.keptBy(vp.registerIntercept(), caller)
                || changesFeatures && vp.registerIntercept().keeps(caller, HvRegister.XFEM, 1);
        vp.cpu().switchContext(active);
        if (kept) {
            return HvStatus.ACCESS_DENIED;
        }
        return vp.start(level, wanted::load) ? HvStatus.SUCCESS : HvStatus.INVALID_VP_STATE;
    }
}
