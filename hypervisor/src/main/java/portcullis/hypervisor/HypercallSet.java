package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import portcullis.hypervisor.flush.FlushCalls;
import portcullis.hypervisor.hypercall.ExtendedCalls;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.IpiCalls;
import portcullis.hypervisor.hypercall.MessageCalls;
import portcullis.hypervisor.hypercall.SchedulingCalls;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.registers.RegisterCalls;
import portcullis.hypervisor.translate.TranslateCalls;
import portcullis.hypervisor.vsm.ProtectionCalls;
import portcullis.hypervisor.vsm.StartCalls;
import portcullis.hypervisor.vsm.VtlCalls;

/** Which hypercalls there are in a partition. All others do not exist, or are refused by privilege. */
final class HypercallSet {
    private HypercallSet() {}

    static List<Hypercall> offeredBy(HypervConfig config) {
        List<Hypercall> calls = new ArrayList<>(SchedulingCalls.calls());
        calls.addAll(ExtendedCalls.calls());
        if (config.has(Enlightenment.TLB_FLUSH)) {
            calls.addAll(FlushCalls.calls());
        }
        if (config.has(Enlightenment.SYNIC)) {
            calls.addAll(MessageCalls.calls());
        }
        if (config.has(Enlightenment.IPI)) {
            calls.addAll(IpiCalls.calls());
        }
        if (config.has(Enlightenment.VP_REGISTERS)) {
            calls.addAll(RegisterCalls.calls());
            calls.addAll(TranslateCalls.calls());
        }
        if (config.has(Enlightenment.START_VP)) {
            calls.addAll(StartCalls.calls());
        }
        if (config.trustLevels() > 0) {
            calls.addAll(VtlCalls.calls());
            calls.addAll(ProtectionCalls.calls());
        }
        return calls;
    }
}
