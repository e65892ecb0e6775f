package portcullis.hypervisor.gate;

import java.util.LinkedHashSet;
import java.util.Set;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Through whom one gate is shut for the guest's reasons. Several levels, also of several VPs, may rely on one gate for the same
 * reason: it ends with the last of them.
 *
 * <p>Who shuts a gate is entered here before, and who lifts does so with this object's monitor held. So between the look whether
 * anybody is left and the lift nobody can come. Any thread.
 */
public final class InhibitHolders implements Saved {
    /** A trust level of a VP, and what it holds the gate for. */
    private record Holder(InhibitReason reason, int vp, int level) {}

    private final Set<Holder> holders = new LinkedHashSet<>();

    /** {@code level} of {@code vp} is about to shut the gate. */
    public synchronized void add(InhibitReason reason, int vp, int level) {
        holders.add(new Holder(reason, vp, level));
    }

    /** Whether {@code level} of {@code vp} is one of those that hold it. */
    public synchronized boolean has(InhibitReason reason, int vp, int level) {
        return holders.contains(new Holder(reason, vp, level));
    }

    /**
     * {@code level} of {@code vp} holds the gate no more. Also where it did not, so that a reason that nobody holds ends.
     *
     * @param lift is run where nobody holds it for this reason now; must not wait
     * @return a VP through which it is still held, or {@link FlushPass#NONE}
     */
    public synchronized int remove(InhibitReason reason, int vp, int level, Runnable lift) {
        holders.remove(new Holder(reason, vp, level));
        return liftIfFree(reason, lift);
    }

    /**
     * Levels up to {@code level}, of all VPs, hold the gate no more.
     *
     * @param lift is run where nobody holds it for this reason now; must not wait
     * @return a VP through which it is still held, or {@link FlushPass#NONE}
     */
    public synchronized int removeUpTo(InhibitReason reason, int level, Runnable lift) {
        holders.removeIf(holder -> holder.reason == reason && holder.level <= level);
        return liftIfFree(reason, lift);
    }

    private int liftIfFree(InhibitReason reason, Runnable lift) {
        for (Holder other : holders) {
            if (other.reason == reason) {
                return other.vp;
            }
        }
        lift.run();
        return FlushPass.NONE;
    }

    /** Nobody holds it for these {@link InhibitReason} bits any more. @param lift must not wait */
    public synchronized void removeAll(int reasons, Runnable lift) {
        holders.removeIf(holder -> (reasons & holder.reason.bit()) != 0);
        lift.run();
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(holders.size());
        for (Holder holder : holders) {
            out.putEnum(holder.reason);
            out.putInt(holder.vp);
            out.putInt(holder.level);
        }
    }

    @Override
    public synchronized void restore(StateReader in) {
        holders.clear();
        for (int count = in.getInt(); count > 0; count--) {
            holders.add(new Holder(in.getEnum(InhibitReason.class), in.getInt(), in.getInt()));
        }
    }
}
