package portcullis.stress;

import java.util.concurrent.atomic.AtomicIntegerArray;
import portcullis.hypervisor.gate.FlushGate;
import portcullis.hypervisor.gate.FlushGates;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.hypervisor.gate.InhibitReason;

/** The gates of a level, what a flush does to each TLB, and how often each VP has been told that it may go on. */
class Level {
    private static final Runnable NOTHING = () -> {};

    final FlushGates gates;
    final AtomicIntegerArray told;
    /** Two halves of each TLB, written without any order of their own: a flush that is half seen is seen. */
    final int[] first;

    final int[] second;

    Level(int processors) {
        told = new AtomicIntegerArray(processors);
        gates = new FlushGates(processors, vp -> gate -> told.incrementAndGet(vp));
        first = new int[processors];
        second = new int[processors];
    }

    FlushPass pass(int vp) {
        return gates.pass(vp);
    }

    FlushGate gate(int vp) {
        return gates.gate(vp);
    }

    /** One attempt. @param targets a bit a VP */
    Entry flush(int vp, long targets) {
        FlushPass pass = pass(vp);
        Entry entry = pass.enter(new long[] {targets});
        if (entry == Entry.PASSED) {
            for (int target = 0; target < first.length; target++) {
                if ((targets >>> target & 1) != 0) {
                    first[target]++;
                    second[target]++;
                }
            }
            pass.leave();
        }
        return entry;
    }

    /** Attempts until it has passed; where it is suspended, only when it has been told. */
    void flushAtLast(int vp, long targets) {
        int heard = 0;
        while (flush(vp, targets) != Entry.PASSED) {
            while (pass(vp).suspended()) {
                while (told.get(vp) == heard) {
                    Thread.onSpinWait();
                }
                heard = told.get(vp);
                pass(vp).acknowledge();
            }
        }
    }

    int inhibit(int vp, InhibitReason reason) {
        return gate(vp).inhibit(reason, NOTHING, NOTHING);
    }

    int lift(int vp, InhibitReason reason) {
        return gate(vp).lift(reason);
    }

    /** Inhibits, looks at the TLB, and lifts. @return how many flushes it has seen, -1 where it saw one half */
    int look(int vp) {
        inhibit(vp, InhibitReason.HOST);
        int half = first[vp];
        int whole = half == second[vp] ? half : -1;
        lift(vp, InhibitReason.HOST);
        return whole;
    }

    /** 0 where all is well at the end; else what is not. */
    int trouble() {
        for (int vp = 0; vp < gates.processors(); vp++) {
            FlushPass pass = pass(vp);
            if (gate(vp).passing() != 0) {
                return 1;
            }
            if (pass.suspended() && gate(pass.waitingOn()).reasons() == 0) {
                return 2;
            }
        }
        return 0;
    }
}
