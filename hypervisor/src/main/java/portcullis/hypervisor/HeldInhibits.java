package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What the higher trust levels of one VP have inhibited flushes for, on whichever VPs: it ends when the level that did is left
 * (TLFS vsm.md, "TlbLocked"; 6.0b, 9.1.4). The VP's thread.
 */
final class HeldInhibits {
    /** @param holder the trust level through which it is held: the caller's, or that whose register has set it */
    private record Held(VirtualProcessor vp, int level, InhibitReason reason, int holder) {}

    private final int owner;
    private final List<Held> all = new ArrayList<>();

    /** @param owner the index of the VP whose levels hold */
    HeldInhibits(int owner) {
        this.owner = owner;
    }

    void add(VirtualProcessor vp, int level, InhibitReason reason, int holder) {
        Held held = new Held(vp, level, reason, holder);
        if (!all.contains(held)) {
            all.add(held);
        }
    }

    /** One of them ends before its holder is left. */
    void release(VirtualProcessor vp, int level, InhibitReason reason, int holder) {
        all.remove(new Held(vp, level, reason, holder));
        vp.context(level).releaseFlushInhibit(reason, owner, holder);
    }

    /** All that is held through levels above {@code level} ends. */
    void releaseAbove(int level) {
        for (Iterator<Held> each = all.iterator(); each.hasNext(); ) {
            Held held = each.next();
            if (held.holder > level) {
                each.remove();
                held.vp.context(held.level).releaseFlushInhibit(held.reason, owner, held.holder);
            }
        }
    }

    void clear() {
        all.clear();
    }

    void save(StateWriter out) {
        out.putInt(all.size());
        for (Held held : all) {
            out.putInt(held.vp.index());
            out.putInt(held.level);
            out.putEnum(held.reason);
            out.putInt(held.holder);
        }
    }

    void restore(StateReader in, List<VirtualProcessor> processors) {
        all.clear();
        for (int count = in.getInt(); count > 0; count--) {
            VirtualProcessor vp = processors.get(in.getInt(0, processors.size() - 1));
            int level = in.getInt(0, Partition.TRUST_LEVELS - 1);
            InhibitReason reason = in.getEnum(InhibitReason.class);
            all.add(new Held(vp, level, reason, in.getInt(0, Partition.TRUST_LEVELS - 1)));
        }
    }
}
