package portcullis.hypervisor.gate;

import java.util.concurrent.atomic.AtomicIntegerArray;
import portcullis.hypervisor.gate.FlushPass.Entry;

/** A level's gates, and how often each VP was told that it may go on. */
final class Gates {
    static final Runnable NOTHING = () -> {};

    final FlushGates all;
    final AtomicIntegerArray told;

    Gates(int processors) {
        told = new AtomicIntegerArray(processors);
        all = new FlushGates(processors, vp -> gate -> told.getAndIncrement(vp));
    }

    FlushGate gate(int vp) {
        return all.gate(vp);
    }

    FlushPass pass(int vp) {
        return all.pass(vp);
    }

    /** @param targets a bit a VP */
    Entry enter(int vp, long... targets) {
        return pass(vp).enter(targets);
    }

    int inhibit(int vp, InhibitReason reason) {
        return gate(vp).inhibit(reason, NOTHING, NOTHING);
    }

    int lift(int vp, InhibitReason reason) {
        return gate(vp).lift(reason);
    }

    int passing() {
        int sum = 0;
        for (int vp = 0; vp < all.processors(); vp++) {
            sum += gate(vp).passing();
        }
        return sum;
    }
}
