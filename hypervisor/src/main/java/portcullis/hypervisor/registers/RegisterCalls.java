package portcullis.hypervisor.registers;

import java.util.List;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.TargetVp;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/** HvCallGetVpRegisters and HvCallSetVpRegisters (TLFS), on the caller's own and other VPs, for the caller's and lower levels. */
public final class RegisterCalls {
    private static final int PARTITION = 0;
    private static final int VP = 8;
    private static final int LEVEL = 12;

    private static final int VALUE = 16;

    private RegisterCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.GET_VP_REGISTERS, call -> onTarget(call, RegisterCalls::get)),
                new Hypercall(HypercallCode.SET_VP_REGISTERS, call -> onTarget(call, RegisterCalls::set)));
    }

    private interface Action {
        int apply(CallContext call, TargetVp target);
    }

    private static int onTarget(CallContext call, Action action) {
        TargetVp target = TargetVp.of(call, PARTITION, VP, LEVEL);
        if (target.status() != HvStatus.SUCCESS) {
            return target.status();
        }
        int[] status = new int[1];
        target.vp().callFrom(call.vp(), () -> status[0] = action.apply(call, target));
        return status[0];
    }

    private static int get(CallContext call, TargetVp target) {
        VpRegisters registers = target.context().registers();
        RegisterValue value = new RegisterValue();
        return call.eachElement(index -> {
            int status = registers.read(
                    call.inputInt(call.element(index)), value, call.level().level());
            if (status == HvStatus.SUCCESS) {
                int at = call.outputElement(index);
                call.outputLong(at, value.low);
                call.outputLong(at + 8, value.high);
            }
            return status;
        });
    }

    private static int set(CallContext call, TargetVp target) {
        VpRegisters registers = target.context().registers();
        RegisterValue value = new RegisterValue();
        int status = call.eachElement(index -> {
            int at = call.element(index);
            value.low = call.inputLong(at + VALUE);
            value.high = call.inputLong(at + VALUE + 8);
            return registers.write(call.inputInt(at), value, call.level().level());
        });
        // Priority, flags, activity: what the level could not take before it may be able to now.
        target.vp().lookForInterrupts(target.context().level());
        return status;
    }
}
