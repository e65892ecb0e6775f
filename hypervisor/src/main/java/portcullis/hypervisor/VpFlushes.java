package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import portcullis.hypervisor.flush.PendingFlushes;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * TLB flushes of one VP: what others want dropped from its TLBs, the inhibits of such, and the inhibits that it holds itself on
 * others. What stands before each TLB is the level's {@link portcullis.hypervisor.gate.FlushGate}.
 */
final class VpFlushes {
    private static final int SPINS_BEFORE_YIELD = 2000;

    /** An inhibit that this VP's higher level has set, to be lifted when that level is left. */
    private record Held(VirtualProcessor vp, int level, InhibitReason reason) {}

    private final VirtualProcessor vp;
    private final VpRequests requests;
    private final PendingFlushes pending = new PendingFlushes();
    /** The VP's thread. */
    private final List<Held> held = new ArrayList<>();

    VpFlushes(VirtualProcessor vp, VpRequests requests) {
        this.vp = vp;
        this.requests = requests;
    }

    PendingFlushes pending() {
        return pending;
    }

    /** {@link VirtualProcessor#awaitFlushSeen}. */
    void awaitSeen() {
        for (int spins = 0; requests.flushUnseen(); spins++) {
            if (spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    /** Does what is pending. The VP's thread. */
    void apply() {
        pending.apply(vp.cpu());
    }

    /** {@link VirtualProcessor#inhibitFlushes(int)}. */
    void inhibitForHost(int level) {
        vp.context(level).inhibitFlushes(InhibitReason.HOST, vp.index(), () -> {}, () -> {
            // Flushes that have completed, as their callers see it, must not come later (DESIGN.md, section 5,
            // invariant 2). The request bit does not tell: the VP takes it first, and flushes then.
            if (pending.pending()) {
                vp.call(this::apply);
            }
        });
    }

    /** {@link VirtualProcessor#inhibitFlushes(int, InhibitReason, VirtualProcessor)}. */
    void inhibit(int level, InhibitReason reason, VirtualProcessor holder) {
        vp.context(level).inhibitFlushes(reason, holder.index(), holder::doWork, () -> {
            if (pending.pending()) {
                vp.callFrom(holder, this::apply);
            }
        });
    }

    /** This VP's higher level can lift, and leaving it does lift, that inhibit. */
    void hold(VirtualProcessor target, int level, InhibitReason reason) {
        Held inhibit = new Held(target, level, reason);
        if (!held.contains(inhibit)) {
            held.add(inhibit);
        }
    }

    /** {@link VirtualProcessor#releaseHeldInhibits}. */
    void releaseHeld() {
        for (Held inhibit : held) {
            inhibit.vp.context(inhibit.level).liftFlushInhibit(inhibit.reason.bit());
        }
        held.clear();
    }

    /** Holds nothing any more: the gates are reset with their levels. */
    void reset() {
        held.clear();
    }

    // Saved state

    void save(StateWriter out) {
        out.putInt(held.size());
        for (Held inhibit : held) {
            out.putInt(inhibit.vp.index());
            out.putInt(inhibit.level);
            out.putEnum(inhibit.reason);
        }
        pending.save(out);
    }

    /** @param processors of the partition, by VP index */
    void restore(StateReader in, List<VirtualProcessor> processors) {
        held.clear();
        for (int count = in.getInt(); count > 0; count--) {
            int target = in.getInt(0, processors.size() - 1);
            int level = in.getInt(0, Partition.TRUST_LEVELS - 1);
            held.add(new Held(processors.get(target), level, in.getEnum(InhibitReason.class)));
        }
        pending.restore(in);
    }
}
