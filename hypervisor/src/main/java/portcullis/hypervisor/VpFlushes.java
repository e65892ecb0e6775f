package portcullis.hypervisor;

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

    private final VirtualProcessor vp;
    private final VpRequests requests;
    private final PendingFlushes pending = new PendingFlushes();
    private final HeldInhibits held;

    VpFlushes(VirtualProcessor vp, VpRequests requests) {
        this.vp = vp;
        this.requests = requests;
        held = new HeldInhibits(vp.index());
    }

    /** What this VP's higher levels hold, here and on others. The VP's thread. */
    HeldInhibits held() {
        return held;
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
    void inhibitForHost(VtlContext level) {
        level.inhibitFlushes(InhibitReason.HOST, vp.index(), 0, () -> {}, () -> {
            // Flushes that have completed, as their callers see it, must not come later (DESIGN.md, section 5,
            // invariant 2). The request bit does not tell: the VP takes it first, and flushes then.
            if (pending.pending()) {
                vp.call(this::apply);
            }
        });
    }

    /** {@link VirtualProcessor#inhibitFlushes(int, InhibitReason, VirtualProcessor, int)}. */
    void inhibit(int level, InhibitReason reason, VirtualProcessor holder, int by) {
        vp.context(level).inhibitFlushes(reason, holder.index(), by, holder::doWork, () -> {
            if (pending.pending()) {
                vp.callFrom(holder, this::apply);
            }
        });
    }

    /** Holds nothing any more: the gates are reset with their levels. */
    void reset() {
        held.clear();
    }

    // Saved state

    void save(StateWriter out) {
        held.save(out);
        pending.save(out);
    }

    /** @param processors of the partition, by VP index */
    void restore(StateReader in, List<VirtualProcessor> processors) {
        held.restore(in, processors);
        pending.restore(in);
    }
}
