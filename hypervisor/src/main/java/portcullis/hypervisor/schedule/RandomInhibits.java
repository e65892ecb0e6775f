package portcullis.hypervisor.schedule;

import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.time.Alarm;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A host that inhibits TLB flushes of VPs and lifts that again, at random moments that follow from a seed: for looking whether a
 * guest, or the hypervisor itself, minds. By virtual time, where alarms come between two slices: nobody is inside a gate then.
 */
public final class RandomInhibits implements Saved {
    private static final int LEVEL = 0;

    private final Partition partition;
    private final long seed;
    private final long mean;
    private final Alarm next;
    private SeededRandom random = new SeededRandom(0);

    /** @param mean nanoseconds of guest time, about, from one change to the next */
    public RandomInhibits(Partition partition, long seed, long mean) {
        this.partition = partition;
        this.seed = seed;
        this.mean = mean;
        next = partition.time().create("inhibits", this::change);
    }

    /** Begins anew. No gate is shut. */
    public void reset() {
        // Not the interleaving's sequence: the two would go together.
        random = new SeededRandom(~seed);
        await();
    }

    private void await() {
        long ticks = 1 + (long) (random.nextDouble() * 2 * mean);
        next.set(partition.time().clock().ticks() + ticks);
    }

    private void change() {
        int count = partition.processors().size();
        VirtualProcessor vp = partition.processors().get(random.nextInt(count));
        if (vp.flushInhibitReasons(LEVEL) == 0) {
            vp.inhibitFlushes(LEVEL);
        } else {
            vp.liftFlushInhibit(LEVEL);
        }
        if (anythingToDo()) {
            await();
        }
    }

    /** An alarm that sets itself for ever would hide that all VPs wait for what cannot come. */
    private boolean anythingToDo() {
        for (VirtualProcessor vp : partition.processors()) {
            if (vp.ready()
                    || vp.flushInhibitReasons(LEVEL) != 0
                    || vp.context().flushPass().suspended()) {
                return true;
            }
        }
        return false;
    }

    /** What is inhibited is the gates' state, when the next change comes the alarm's. */
    @Override
    public void save(StateWriter out) {
        random.save(out);
    }

    @Override
    public void restore(StateReader in) {
        random.restore(in);
    }
}
