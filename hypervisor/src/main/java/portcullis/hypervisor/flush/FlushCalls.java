package portcullis.hypervisor.flush;

import java.util.List;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.hypercall.Hypercall;
import portcullis.hypervisor.hypercall.HypercallHandler;
import portcullis.hypervisor.hypercall.VpTargets;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.HypercallCode;

/**
 * The four flush hypercalls (TLFS, "Virtual MMU"; DESIGN.md, section 5). All of a call's targets have been flushed when it
 * completes, or, where one of them inhibits flushes, none: the caller is suspended and issues the call again.
 */
public final class FlushCalls {
    /** Address space, flags, and a mask of 64 VPs; or, in the Ex calls, what an HV_VP_SET has fixed. */
    private static final int SPACE = 0;

    private static final int FLAGS = 8;
    private static final int PROCESSORS = 16;

    private FlushCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.FLUSH_VIRTUAL_ADDRESS_SPACE, call -> flush(call, false, false)),
                new Hypercall(HypercallCode.FLUSH_VIRTUAL_ADDRESS_LIST, call -> flush(call, true, false)),
                new Hypercall(HypercallCode.FLUSH_VIRTUAL_ADDRESS_SPACE_EX, call -> flush(call, false, true)),
                new Hypercall(HypercallCode.FLUSH_VIRTUAL_ADDRESS_LIST_EX, call -> flush(call, true, true)));
    }

    private static int flush(CallContext call, boolean list, boolean sparse) {
        Partition partition = call.partition();
        FlushOrder order = new FlushOrder();
        boolean extended = partition.hyperv().has(Enlightenment.TLB_FLUSH_EXTENDED);
        int status = order.parse(call.inputLong(SPACE), call.inputLong(FLAGS), list, extended);
        if (status != HvStatus.SUCCESS) {
            return status;
        }
        VpTargets targets = call.targets();
        if ((order.flags & FlushOrder.ALL_PROCESSORS) != 0) {
            targets.clear();
            targets.all();
        } else if (sparse) {
            status = targets.sparse(call, PROCESSORS, call.variableBytes());
            if (status != HvStatus.SUCCESS) {
                return status;
            }
        } else {
            targets.mask(call.inputLong(PROCESSORS));
        }
        return pass(call, order, targets, list);
    }

    private static int pass(CallContext call, FlushOrder order, VpTargets targets, boolean list) {
        int level = call.level().level();
        FlushPass pass = call.level().flushPass();
        Entry entry = pass.enter(targets.words());
        if (entry != Entry.PASSED) {
            return entry == Entry.SUSPENDED ? HypercallHandler.SUSPENDED : HypercallHandler.CONTINUE;
        }
        try {
            for (int vp = targets.next(0); vp >= 0; vp = targets.next(vp + 1)) {
                post(call, order, level, call.partition().processors().get(vp), list);
            }
            for (int vp = targets.next(0); vp >= 0; vp = targets.next(vp + 1)) {
                call.partition().processors().get(vp).awaitFlushSeen();
            }
        } finally {
            pass.leave();
        }
        int ranges = list ? call.repCount() - call.repStart() : 0;
        call.vp().trace().flushed(level, targets.words(), order.space, ranges, order.flags);
        if (list) {
            call.repsDone(call.repCount());
        }
        return HvStatus.SUCCESS;
    }

    private static void post(CallContext call, FlushOrder order, int level, VirtualProcessor target, boolean list) {
        PendingFlushes pending = target.pendingFlushes();
        if (list) {
            for (int i = call.repStart(); i < call.repCount(); i++) {
                order.addRange(call, i, level, pending);
            }
        } else {
            pending.addSpace(level, order.space, order.globals);
        }
        target.flushPosted();
    }
}
