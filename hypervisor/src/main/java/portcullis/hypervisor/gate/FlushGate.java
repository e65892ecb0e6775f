package portcullis.hypervisor.gate;

import java.util.concurrent.locks.LockSupport;

/**
 * What stands before the TLB of one trust level of one VP. Flush hypercalls pass it ({@link FlushPass}); while it is inhibited
 * none does.
 *
 * <p>Its state is one atomic word: how many flushes are passing, and a bit a reason for being shut. So a flush enters by a
 * compare-and-set from a word without reasons, and there is no moment between look and entry in which a reason could come.
 * Once a reason is there the number of flushes only falls, which is what {@link #inhibit} waits for.
 *
 * <p>No wake-up is lost (DESIGN.md, section 5, invariant 4): who finds the gate shut publishes that it waits, then looks at the
 * word again; who lifts changes the word, then looks who waits. All four are sequentially consistent, so at least one of the two
 * sees the other.
 *
 * <p>Any thread calls any method. Only {@link #inhibit} waits.
 */
public final class FlushGate extends GateWordAfter {
    /** {@link #inhibit}: the gate was shut for that reason already. {@link #lift}: it was not. */
    public static final int UNCHANGED = -1;

    /** How often a thread that waits looks before it sleeps: a flush that passes takes some microseconds. */
    private static final int SPINS = 2000;

    private static final int SPINS_BETWEEN_SERVICE = 64;
    /** The longest sleep: what there is to serve meanwhile does not wake the sleeper. */
    private static final long NAP_NANOS = 50_000;

    private static final Thread[] NOBODY = {};

    private final int vp;
    private final FlushPass[] passes;
    private final WaiterSet flushers;
    private final WaiterSet lockWaiters;
    private volatile int interceptHolder;
    /** Who sleeps in {@link #inhibit}. Replaced, never changed, with this gate's monitor held. */
    private volatile Thread[] sleepers = NOBODY;

    FlushGate(int vp, int processors, FlushPass[] passes) {
        this.vp = vp;
        this.passes = passes;
        flushers = new WaiterSet(processors);
        lockWaiters = new WaiterSet(processors);
        interceptHolder = vp;
    }

    /** Whose gate this is. */
    public int vp() {
        return vp;
    }

    // Flushes

    /** Enters, if nobody inhibits. @return whether a {@link #leave} is owed */
    boolean tryEnter() {
        while (true) {
            int now = word;
            if ((now & REASONS) != 0) {
                return false;
            }
            if (WORD.compareAndSet(this, now, now + 1)) {
                return true;
            }
        }
    }

    void leave() {
        int before = (int) WORD.getAndAdd(this, -1);
        if ((before & REASONS) != 0 && (before & PASSING) == 1) {
            wakeSleepers();
        }
    }

    // Inhibits

    /** {@link #inhibit(InhibitReason, int, Runnable, Runnable)}, held through this gate's own VP. */
    public int inhibit(InhibitReason reason, Runnable serve, Runnable applyPending) {
        return inhibit(reason, vp, serve, applyPending);
    }

    /**
     * Shuts the gate and returns when no flush is passing it: from then until {@link #lift} no flush hypercall changes this TLB.
     * Where the reason is there already it stays, and this waits all the same. Where another thread lifts it meanwhile this
     * returns.
     *
     * @param holder the VP whose higher level can lift, for the search of circles; of no meaning for {@link InhibitReason#HOST}
     * @param serve called again and again while waiting, so that a VP that waits serves its own requests; must not wait
     * @param applyPending called once when no flush is passing any more: applies those that have completed and still lie in
     *     the VP's request word
     * @return how many flushes were passing when the gate was shut, or {@link #UNCHANGED}
     */
    public int inhibit(InhibitReason reason, int holder, Runnable serve, Runnable applyPending) {
        int bit = reason.bit() << REASONS_SHIFT;
        if (reason == InhibitReason.INTERCEPT) {
            interceptHolder = holder;
        }
        int before = (int) WORD.getAndBitwiseOr(this, bit);
        if ((before & PASSING) != 0) {
            awaitPasses(bit, serve);
        }
        applyPending.run();
        return (before & bit) != 0 ? UNCHANGED : before & PASSING;
    }

    /**
     * Takes one reason away. When it was the last, everybody who was suspended at this gate has been told to go on when this
     * returns; when it was the last lock, everybody who waited for locks only. Does nothing where the reason is not there.
     *
     * @return how many contexts this call resumed, or {@link #UNCHANGED}
     */
    public int lift(InhibitReason reason) {
        return lift(reason.bit());
    }

    /** Takes away several reasons as one. @return like {@link #lift(InhibitReason)} */
    public int lift(int reasons) {
        int bits = (reasons & InhibitReason.ALL) << REASONS_SHIFT;
        int before = (int) WORD.getAndBitwiseAnd(this, ~bits);
        int resumed = wakeWaiters(before & ~bits);
        return (before & bits) == 0 ? UNCHANGED : resumed;
    }

    /**
     * Also where the caller changed nothing: who took the last reason away may not have come to this yet, and no context stays
     * suspended after any lift that left the gate open.
     */
    private int wakeWaiters(int open) {
        int resumed = 0;
        if ((open & REASONS) == 0) {
            resumed = wake(flushers, FlushPass.ticket(vp, false));
        }
        if ((open & InhibitReason.LOCKS << REASONS_SHIFT) == 0) {
            resumed += wake(lockWaiters, FlushPass.ticket(vp, true));
        }
        return resumed;
    }

    private int wake(WaiterSet waiters, int ticket) {
        int resumed = 0;
        for (int i = 0; i < waiters.length(); i++) {
            for (long left = waiters.word(i); left != 0; left &= left - 1) {
                if (passes[(i << 6) + Long.numberOfTrailingZeros(left)].resume(ticket)) {
                    resumed++;
                }
            }
        }
        return resumed;
    }

    /** Until no flush passes, or the reason is gone: whoever took it away has ended the inhibit. */
    private void awaitPasses(int bit, Runnable serve) {
        for (int spin = 1; spin <= SPINS; spin++) {
            if (done(bit)) {
                return;
            }
            if (spin % SPINS_BETWEEN_SERVICE == 0) {
                serve.run();
            }
            Thread.onSpinWait();
        }
        Thread self = Thread.currentThread();
        addSleeper(self);
        boolean interrupted = false;
        try {
            while (!done(bit)) {
                serve.run();
                LockSupport.parkNanos(this, NAP_NANOS);
                interrupted |= Thread.interrupted();
            }
        } finally {
            removeSleeper(self);
            if (interrupted) {
                self.interrupt();
            }
        }
    }

    private boolean done(int bit) {
        int now = word;
        return (now & PASSING) == 0 || (now & bit) == 0;
    }

    private synchronized void addSleeper(Thread thread) {
        Thread[] more = new Thread[sleepers.length + 1];
        System.arraycopy(sleepers, 0, more, 0, sleepers.length);
        more[sleepers.length] = thread;
        sleepers = more;
    }

    private synchronized void removeSleeper(Thread thread) {
        Thread[] now = sleepers;
        Thread[] fewer = now.length == 1 ? NOBODY : new Thread[now.length - 1];
        int at = 0;
        while (now[at] != thread) {
            at++;
        }
        System.arraycopy(now, 0, fewer, 0, at);
        System.arraycopy(now, at + 1, fewer, at, now.length - at - 1);
        sleepers = fewer;
    }

    private void wakeSleepers() {
        for (Thread sleeper : sleepers) {
            LockSupport.unpark(sleeper);
        }
    }

    // Who waits here: called by passes, on the waiting VP's thread

    void addWaiter(int waiter, boolean locks) {
        (locks ? lockWaiters : flushers).add(waiter);
    }

    void removeWaiter(int waiter, boolean locks) {
        (locks ? lockWaiters : flushers).remove(waiter);
    }

    // Questions

    /** Why the gate is shut: bits of {@link InhibitReason}, 0 where it is open. */
    public int reasons() {
        return (word & REASONS) >>> REASONS_SHIFT;
    }

    /** Whether it is shut for this reason. */
    public boolean holds(InhibitReason reason) {
        return (reasons() & reason.bit()) != 0;
    }

    /** How many flushes are passing at this moment. */
    public int passing() {
        return word & PASSING;
    }

    /** How many contexts are suspended at this gate at this moment. */
    public int waiting() {
        int count = 0;
        for (FlushPass pass : passes) {
            if (pass.waitingOn() == vp) {
                count++;
            }
        }
        return count;
    }

    /** The VP through whose higher level {@link InhibitReason#INTERCEPT} is held; without meaning where it is not. */
    public int interceptHolder() {
        return interceptHolder;
    }

    /** The gate stays shut for {@link InhibitReason#INTERCEPT}, through {@code vp} from now on. */
    public void interceptHeldBy(int vp) {
        interceptHolder = vp;
    }

    /**
     * Puts saved {@link #reasons} back, while no VP runs. Resumes nobody: contexts are restored after all gates ({@link
     * FlushPass#restore}).
     *
     * @param holder what {@link #interceptHolder} was
     * @throws IllegalArgumentException for reasons, and a holder, that do not exist
     */
    public void restore(int reasons, int holder) {
        if (holder < 0 || holder >= passes.length) {
            throw new IllegalArgumentException("no vp " + holder + " to hold a gate");
        }
        if ((reasons & ~InhibitReason.ALL) != 0) {
            throw new IllegalArgumentException("no such reasons: " + Integer.toHexString(reasons));
        }
        if (passing() != 0) {
            throw new IllegalStateException("a flush is passing");
        }
        interceptHolder = holder;
        word = reasons << REASONS_SHIFT;
    }
}
