package portcullis.hypervisor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.apic.ApicOwner;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What others want of a VP, and whether it can see that: one atomic word. Anybody sets request bits; the VP's thread takes
 * them before it enters guest code, and goes into guest code or to sleep only by a compare-and-set from a word without any.
 *
 * <p>Why no request is lost. Every change of the word is atomic, so a request bit is set either before or after the VP's
 * compare-and-set to IN_GUEST or PARKED. Before: the compare-and-set fails and the VP takes the request. After: the setter sees
 * IN_GUEST or PARKED in the word it changed and kicks or unparks. A kick that comes between the compare-and-set and the run,
 * and an unpark between it and the park, are kept by the engine ({@link VirtualCpu#kick}) and by the thread's permit. One that
 * comes late, when the VP has left by itself, costs it a needless exit or turn. What a bit stands for (an interrupt in a local
 * APIC, work in a queue) is in place before the bit is set, and stays there after the bit is taken.
 */
final class VpRequests {
    /** Where the signals of each trust level's local APIC begin: one bit a {@link ApicOwner.Signal}, by ordinal. */
    private static final int[] SIGNAL_SHIFT = {0, 16, 20};

    private static final int SIGNALS_OF_LEVEL = (1 << ApicOwner.Signal.values().length) - 1;

    /** Those of all levels. */
    static final int SIGNALS = SIGNALS_OF_LEVEL | SIGNALS_OF_LEVEL << 16 | SIGNALS_OF_LEVEL << 20;

    /** The bit of one level's signal. */
    static int signal(int level, ApicOwner.Signal signal) {
        return 1 << SIGNAL_SHIFT[level] + signal.ordinal();
    }

    /** What of {@code taken} is one level's signals: bits by {@link ApicOwner.Signal}'s ordinals. */
    static int signalsOf(int level, int taken) {
        return taken >>> SIGNAL_SHIFT[level] & SIGNALS_OF_LEVEL;
    }

    /** The wait at a gate may be over ({@link portcullis.hypervisor.gate.FlushPass#acknowledge}). */
    static final int RESUMED = 1 << 4;
    /** TLB flushes are pending: applied before guest code is entered, no reason to wake up. */
    static final int FLUSH = 1 << 5;

    private static final int WAKING = SIGNALS | RESUMED;
    private static final int TAKEN = WAKING | FLUSH;

    static final int INTERRUPT = 1 << ApicOwner.Signal.INTERRUPT.ordinal();
    /** The VP's work queue is not empty. Served while paused, too. */
    static final int WORK = 1 << 8;
    /** Stays until {@link #resume}: no guest code, no change to the VP's state but by work. */
    static final int PAUSE = 1 << 9;
    /** Stays: the VP's thread ends. */
    static final int STOP = 1 << 10;
    /** The VP has seen PAUSE. It takes the bit away only together with having seen PAUSE gone. */
    private static final int QUIET = 1 << 11;

    private static final int IN_GUEST = 1 << 12;
    private static final int PARKED = 1 << 13;

    /** A look at the clock costs as much as several at the word. */
    private static final int LOOKS_PER_TIME = 16;

    private static final VarHandle WORD;

    static {
        try {
            WORD = MethodHandles.lookup().findVarHandle(VpRequests.class, "word", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int word;
    private final VirtualCpu cpu;
    private volatile Thread sleeper;

    VpRequests(VirtualCpu cpu) {
        this.cpu = cpu;
    }

    /** Whom to wake. */
    void setSleeper(Thread thread) {
        sleeper = thread;
    }

    /** Sets request bits and makes sure that the VP sees them soon. Any thread. */
    void raise(int bits) {
        int before = (int) WORD.getAndBitwiseOr(this, bits);
        if ((before & bits) == bits) {
            // Whoever set them has woken the VP.
            return;
        }
        if ((before & IN_GUEST) != 0) {
            cpu.kick();
        }
        if ((before & PARKED) != 0) {
            LockSupport.unpark(sleeper);
        }
    }

    /** Says that TLB flushes are pending. A VP in guest mode is brought out; one that sleeps sleeps on. Any thread. */
    void raiseFlush() {
        int before = (int) WORD.getAndBitwiseOr(this, FLUSH);
        if ((before & (FLUSH | IN_GUEST)) == IN_GUEST) {
            cpu.kick();
        }
    }

    /** Whether the VP executes guest code with a flush pending that it has not seen. Any thread. */
    boolean flushUnseen() {
        return (word & (FLUSH | IN_GUEST)) == (FLUSH | IN_GUEST);
    }

    /** Takes PAUSE away. */
    void resume() {
        int before = (int) WORD.getAndBitwiseAnd(this, ~PAUSE);
        if ((before & PARKED) != 0) {
            LockSupport.unpark(sleeper);
        }
    }

    /** Whether the VP has seen PAUSE and will not go on before {@link #resume}. Any thread. */
    boolean quiet() {
        return (word & (PAUSE | QUIET)) == (PAUSE | QUIET);
    }

    /**
     * Takes what is to be done next, on the VP's thread.
     *
     * @return STOP; or WORK, taken; or PAUSE: call {@link #beQuiet}; or all others that there were, taken, perhaps none
     */
    int take() {
        while (true) {
            int now = word;
            if ((now & STOP) != 0) {
                return STOP;
            }
            if ((now & WORK) != 0) {
                WORD.getAndBitwiseAnd(this, ~WORK);
                return WORK;
            }
            if ((now & PAUSE) != 0) {
                return PAUSE;
            }
            if ((now & (TAKEN | QUIET)) == 0) {
                return 0;
            }
            if (WORD.compareAndSet(this, now, now & ~(TAKEN | QUIET))) {
                return now & TAKEN;
            }
        }
    }

    /**
     * Answers PAUSE. That may have been taken away since it was seen: then QUIET alone is left, which wakes the VP at once, and another
     * PAUSE is answered before it comes. Both are right: the VP is between two turns.
     *
     * @return whether that is news: whoever waits for it must be told
     */
    boolean beQuiet() {
        return ((int) WORD.getAndBitwiseOr(this, QUIET) & QUIET) == 0;
    }

    /** Notes that a pause is over, for a VP that has nothing to execute. The VP's thread. */
    void endQuiet() {
        int now = word;
        while ((now & (PAUSE | QUIET)) == QUIET && !WORD.compareAndSet(this, now, now & ~QUIET)) {
            now = word;
        }
    }

    /** About to run guest code. @return false where there is a request to take first */
    boolean enterGuest() {
        return WORD.compareAndSet(this, 0, IN_GUEST);
    }

    void leaveGuest() {
        WORD.getAndBitwiseAnd(this, ~IN_GUEST);
    }

    /** Whether there is something that is served whether or not guest code may run: stop, work, an unanswered pause. */
    boolean controlPending() {
        return controlPending(word);
    }

    private static boolean controlPending(int word) {
        return (word & (STOP | WORK)) != 0 || (word & (PAUSE | QUIET)) == PAUSE;
    }

    boolean paused() {
        return (word & PAUSE) != 0;
    }

    /** Whether there is a signal to serve, and no pause. */
    boolean signalled() {
        int now = word;
        return (now & PAUSE) == 0 && (now & WAKING) != 0;
    }

    /** Whether there is a signal that has not been served, also while a pause is in the way of that. Any thread. */
    boolean signalWaits() {
        return (word & WAKING) != 0;
    }

    /** Whether a sleeping VP must wake. QUIET without PAUSE: a pause is over, and what it interrupted goes on. */
    private static boolean actionable(int word) {
        return controlPending(word) || ((word & PAUSE) == 0 && (word & (WAKING | QUIET)) != 0);
    }

    /** Marks the VP asleep. @return false where there is a request: it is awake. Else {@link #unmarkParked} follows */
    boolean markParked() {
        int now = word;
        return !actionable(now) && WORD.compareAndSet(this, now, now | PARKED);
    }

    /** Marks a VP asleep that has something to do and must not do it yet. @return false where the host wants something */
    boolean markWaiting() {
        int now = word;
        return !controlPending(now) && WORD.compareAndSet(this, now, now | PARKED);
    }

    void unmarkParked() {
        WORD.getAndBitwiseAnd(this, ~PARKED);
    }

    /** Looks out for something to do for so many nanoseconds. @return whether there is. The VP's thread */
    boolean awaitBusily(long nanoseconds) {
        if (actionable(word)) {
            return true;
        }
        long began = System.nanoTime();
        while (System.nanoTime() - began < nanoseconds) {
            for (int i = 0; i < LOOKS_PER_TIME; i++) {
                if (actionable(word)) {
                    return true;
                }
                Thread.onSpinWait();
            }
        }
        return false;
    }

    /** Sleeps until there is something to do. May return early. The VP's thread. */
    void park() {
        if (!markParked()) {
            return;
        }
        while (!actionable(word)) {
            LockSupport.park(this);
            // An interrupted thread would not sleep again.
            Thread.interrupted();
        }
        unmarkParked();
    }

    // Saved state

    /** What has been asked for and not been served, but for what the host wants. While the VP is quiet. */
    void save(StateWriter out) {
        out.putInt(word & TAKEN);
    }

    /** Before the VP has a thread. */
    void restore(StateReader in) {
        WORD.getAndBitwiseOr(this, in.getInt() & TAKEN);
    }
}
