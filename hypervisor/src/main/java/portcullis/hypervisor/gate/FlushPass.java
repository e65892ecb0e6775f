package portcullis.hypervisor.gate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How one trust level of one VP goes through gates, and what it waits for where one is shut.
 *
 * <p>A flush hypercall: {@link #enter}; where that says {@link Entry#PASSED}, flush every target, wait until each has acted on it
 * or is not in guest mode, and {@link #leave}, whatever happens between. Otherwise nothing has been flushed, the instruction
 * pointer stays on the hypercall, and it is issued again: at once ({@link Entry#AGAIN}), or, where it says {@link
 * Entry#SUSPENDED}, when {@link #suspended} is false.
 *
 * <p>Whether the context is suspended, and on whom, is one field: {@link #waitingOn}. A lift empties it and then tells the {@link
 * SuspensionListener}. So a callback that comes late, after a reset say, finds nothing to change.
 *
 * <p>Methods are for the thread that takes the VP's turns, unless they say otherwise.
 */
public final class FlushPass {
    /** What an attempt came to. */
    public enum Entry {
        /** Inside all gates: flush, then {@link FlushPass#leave}. */
        PASSED,
        /** A gate is shut, {@link FlushPass#waitingOn} says whose. */
        SUSPENDED,
        /** A gate was shut, and opened meanwhile: serve requests, and issue the hypercall again. */
        AGAIN
    }

    /** {@link #waitingOn}: nobody. */
    public static final int NONE = -1;

    /** In a ticket: waits for locks only. */
    private static final int LOCKS = 1 << 30;

    private static final VarHandle TICKET;

    static {
        try {
            TICKET = MethodHandles.lookup().findVarHandle(FlushPass.class, "ticket", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int vp;
    private final FlushGate[] gates;
    private final SuspensionListener owner;
    /** Whose gates this is inside, a bit a VP. */
    private final long[] entered;

    private boolean passing;
    /** What this waits for: {@link #NONE}, or a VP, with {@link #LOCKS} or without. Set by this VP, emptied by anybody's lift. */
    private volatile int ticket = NONE;
    /** Counts suspensions: two looks that see the same one know that it lasted from the first to the second. */
    private volatile int suspensions;
    /** At whose gate the last suspension was. */
    private int lastWaitedOn = NONE;
    /** The ticket under which a gate's waiter set has this VP, or NONE. */
    private int registered = NONE;

    FlushPass(int vp, FlushGate[] gates, SuspensionListener owner) {
        this.vp = vp;
        this.gates = gates;
        this.owner = owner;
        entered = new long[(gates.length + 63) >>> 6];
    }

    static int ticket(int vp, boolean locks) {
        return locks ? vp | LOCKS : vp;
    }

    /** Whose pass this is. */
    public int vp() {
        return vp;
    }

    /**
     * Enters the gates of all targets, or none.
     *
     * <p>Nobody waits inside gates for a gate, so the order does not matter for lock-ups. It is ascending, as is the order of
     * leaving: a run by virtual time is the same again.
     *
     * @param targets a set: bit n of word w is VP 64 * w + n. Copied. May name the caller. Words may be left out at the end
     * @throws IllegalArgumentException for a VP that does not exist
     * @throws IllegalStateException inside gates
     */
    public Entry enter(long[] targets) {
        check(targets);
        withdraw();
        for (int w = 0; w < targets.length && w < entered.length; w++) {
            for (long left = targets[w]; left != 0; left &= left - 1) {
                int target = (w << 6) + Long.numberOfTrailingZeros(left);
                if (!gates[target].tryEnter()) {
                    leaveEntered();
                    return suspend(target, false);
                }
                entered[w] |= left & -left;
            }
        }
        passing = true;
        return Entry.PASSED;
    }

    private void check(long[] targets) {
        if (passing) {
            throw new IllegalStateException("vp " + vp + " is inside gates");
        }
        for (int w = 0; w < targets.length; w++) {
            int last = (w << 6) + 63 - Long.numberOfLeadingZeros(targets[w]);
            if (targets[w] != 0 && last >= gates.length) {
                throw new IllegalArgumentException("no vp " + last);
            }
        }
    }

    /** Leaves all gates, after {@link Entry#PASSED}. Does nothing outside. */
    public void leave() {
        passing = false;
        leaveEntered();
    }

    private void leaveEntered() {
        for (int w = 0; w < entered.length; w++) {
            for (long left = entered[w]; left != 0; left &= left - 1) {
                gates[(w << 6) + Long.numberOfTrailingZeros(left)].leave();
            }
            entered[w] = 0;
        }
    }

    /**
     * Waits until no gate of this level is shut by a lock: HvRegisterVsmVpWaitForTlbLock, and before every entry of the level.
     *
     * @return PASSED where no gate is locked, without anything to leave
     */
    public Entry awaitNoLock() {
        if (passing) {
            throw new IllegalStateException("vp " + vp + " is inside gates");
        }
        withdraw();
        for (FlushGate gate : gates) {
            if ((gate.reasons() & InhibitReason.LOCKS) != 0) {
                return suspend(gate.vp(), true);
            }
        }
        return Entry.PASSED;
    }

    /** Publishes the wait, then looks at the gate again: see {@link FlushGate}. */
    private Entry suspend(int target, boolean locks) {
        int mine = ticket(target, locks);
        FlushGate gate = gates[target];
        suspensions++;
        lastWaitedOn = target;
        registered = mine;
        ticket = mine;
        gate.addWaiter(vp, locks);
        if ((gate.reasons() & (locks ? InhibitReason.LOCKS : InhibitReason.ALL)) == 0) {
            withdraw();
            return Entry.AGAIN;
        }
        // A lift between may have emptied the ticket; then its callback is on the way, too.
        return ticket == mine ? Entry.SUSPENDED : Entry.AGAIN;
    }

    private void withdraw() {
        ticket = NONE;
        if (registered != NONE) {
            gates[registered & ~LOCKS].removeWaiter(vp, (registered & LOCKS) != 0);
            registered = NONE;
        }
    }

    /** Of a lift, on its thread. @return whether this call ended the suspension */
    boolean resume(int from) {
        int now = (int) TICKET.compareAndExchange(this, from, NONE);
        boolean ended = now == from;
        // Where somebody else's lift has emptied the ticket it may not have come to tell: after any lift the owner
        // knows.
        if (ended || now == NONE) {
            owner.resumed(from & ~LOCKS);
        }
        return ended;
    }

    /** Answers {@link SuspensionListener#resumed}: a wait that is over is forgotten at its gate, too. */
    public void acknowledge() {
        if (ticket == NONE) {
            withdraw();
        }
    }

    /** Forgets what this waits for: reset, INIT. @return whether it was suspended */
    public boolean cancel() {
        boolean was = ticket != NONE;
        withdraw();
        return was;
    }

    /** The VP at whose gate {@link #enter} or {@link #awaitNoLock} suspended last, also where that is over: for traces. */
    public int lastWaitedOn() {
        return lastWaitedOn;
    }

    // Questions: any thread

    /** Whether the context is to execute nothing until a lift. */
    public boolean suspended() {
        return ticket != NONE;
    }

    /** The VP at whose gate the context is suspended, or {@link #NONE}. */
    public int waitingOn() {
        int now = ticket;
        return now == NONE ? NONE : now & ~LOCKS;
    }

    /** Whether the context waits for locks only ({@link #awaitNoLock}). */
    public boolean waitingForLocks() {
        int now = ticket;
        return now != NONE && (now & LOCKS) != 0;
    }

    /** How many suspensions there have been; wraps. */
    int suspensions() {
        return suspensions;
    }

    /** What {@link #restore} takes. */
    public int save() {
        return ticket;
    }

    /**
     * Puts a saved wait back, while no VP runs and when all gates have been restored. Where the gate is open by now the context
     * is not suspended, and its owner is told.
     *
     * @throws IllegalArgumentException where there is no such gate
     */
    public void restore(int saved) {
        withdraw();
        if (saved == NONE) {
            return;
        }
        int target = saved & ~LOCKS;
        if (target < 0 || target >= gates.length) {
            throw new IllegalArgumentException("no vp " + target + " to wait on");
        }
        if (suspend(target, (saved & LOCKS) != 0) != Entry.SUSPENDED) {
            owner.resumed(target);
        }
    }
}
