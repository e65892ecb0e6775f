package portcullis.hypervisor.gate;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.gate.FlushPass.Entry;

/**
 * The gate's code under Lincheck, which takes over the threads and walks through their interleavings, a switch at every access
 * to shared memory.
 *
 * <p>Each of these changes of one line makes at least one of the tests fail; they have been tried: {@code FlushGate.tryEnter}
 * without the look at REASONS; {@code FlushGate.inhibit} without awaitPasses; {@code FlushGate.lift}, wakeWaiters before the word
 * is changed, or only where the reason was there; {@code FlushPass.enter} without leaveEntered() before suspend; {@code
 * FlushPass.suspend} without the second look; {@code FlushPass.resume} without the compare-and-exchange, with a read and a
 * compare-and-set in its place, without the callback, or with {@code || now == NONE} left out; {@code FlushPass.cancel} without
 * withdraw; {@code FlushPass.withdraw} without removeWaiter; {@code
 * FlushGate.wakeWaiters}, REASONS in place of LOCKS.
 *
 * <p>In a process of its own: Lincheck rewrites the JDK's classes.
 */
@Tag("lincheck")
class GateInterleavingsTest {
    private static final int SCENARIOS = Integer.getInteger("lincheck.scenarios", 8);
    private static final int INVOCATIONS = Integer.getInteger("lincheck.invocations", 1000);

    /**
     * Flushes, inhibits and lifts, in any mixture: their results, and how many flushes a TLB has seen, are those of some order
     * in which each happens at once.
     */
    @ParameterizedTest
    @ValueSource(classes = {TwoFlush.class, TwoInhibit.class})
    void shouldDoEverythingAtOnce(Class<?> scenarios) {
        new ModelCheckingOptions()
                .iterations(SCENARIOS)
                .invocationsPerIteration(INVOCATIONS)
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(0)
                .sequentialSpecification(OneAtATime.class)
                .check(scenarios);
    }

    /** What all that comes to where nothing happens at the same time. */
    public static final class OneAtATime {
        private final boolean[] shut = new boolean[2];
        private final int[] flushes = new int[2];

        public boolean flushBy0(int targets) {
            for (int vp = 0; vp < 2; vp++) {
                if ((targets >>> vp & 1) != 0 && shut[vp]) {
                    return false;
                }
            }
            for (int vp = 0; vp < 2; vp++) {
                flushes[vp] += targets >>> vp & 1;
            }
            return true;
        }

        public boolean flushBy1(int targets) {
            return flushBy0(targets);
        }

        public boolean inhibit(int vp) {
            boolean before = shut[vp];
            shut[vp] = true;
            return !before;
        }

        public int inhibitAndCount(int vp) {
            shut[vp] = true;
            return flushes[vp];
        }

        public int look(int vp) {
            return shut[vp] ? flushes[vp] : -1;
        }

        public boolean lift(int vp) {
            boolean before = shut[vp];
            shut[vp] = false;
            return before;
        }
    }

    /** Two VPs, and how many flushes of their TLBs there have been. */
    @Param(name = "targets", gen = IntGen.class, conf = "1:3")
    @Param(name = "vp", gen = IntGen.class, conf = "0:1")
    public abstract static class TwoVps {
        final FlushGates gates = new FlushGates(2, vp -> gate -> {});
        final AtomicIntegerArray flushes = new AtomicIntegerArray(2);

        @Operation(nonParallelGroup = "vp 0")
        public boolean flushBy0(@Param(name = "targets") int targets) {
            return flush(0, targets);
        }

        boolean flush(int vp, int targets) {
            FlushPass pass = gates.pass(vp);
            while (true) {
                switch (pass.enter(new long[] {targets})) {
                    case PASSED -> {
                        for (int target = 0; target < 2; target++) {
                            if ((targets >>> target & 1) != 0) {
                                flushes.incrementAndGet(target);
                            }
                        }
                        pass.leave();
                        return true;
                    }
                    case SUSPENDED -> {
                        return false;
                    }
                    case AGAIN -> {}
                }
            }
        }

        boolean shut(int vp) {
            return gates.gate(vp).inhibit(InhibitReason.HOST, Gates.NOTHING, Gates.NOTHING) != FlushGate.UNCHANGED;
        }

        boolean open(int vp) {
            return gates.gate(vp).lift(InhibitReason.HOST) != FlushGate.UNCHANGED;
        }

        /** Invariant 4, when everybody has returned. */
        @Validate
        public void nobodyIsForgotten() {
            for (int vp = 0; vp < 2; vp++) {
                FlushPass pass = gates.pass(vp);
                if (gates.gate(vp).passing() != 0) {
                    throw new AssertionError("somebody still passes vp " + vp);
                }
                if (pass.suspended() && gates.gate(pass.waitingOn()).reasons() == 0) {
                    throw new AssertionError("vp " + vp + " sleeps before an open gate");
                }
            }
        }
    }

    /** Both flush; one thread of the host inhibits, and looks at the TLB meanwhile. */
    public static class TwoFlush extends TwoVps {
        @Operation(nonParallelGroup = "vp 1")
        public boolean flushBy1(@Param(name = "targets") int targets) {
            return flush(1, targets);
        }

        @Operation(nonParallelGroup = "host")
        public int inhibitAndCount(@Param(name = "vp") int vp) {
            shut(vp);
            return flushes.get(vp);
        }

        @Operation(nonParallelGroup = "host")
        public int look(@Param(name = "vp") int vp) {
            return gates.gate(vp).holds(InhibitReason.HOST) ? flushes.get(vp) : -1;
        }

        @Operation(nonParallelGroup = "host")
        public boolean lift(@Param(name = "vp") int vp) {
            return open(vp);
        }
    }

    /** One flushes; several threads of the host inhibit and lift. */
    public static class TwoInhibit extends TwoVps {
        @Operation
        public boolean inhibit(@Param(name = "vp") int vp) {
            return shut(vp);
        }

        @Operation
        public boolean lift(@Param(name = "vp") int vp) {
            return open(vp);
        }
    }

    /**
     * A VP that is suspended sleeps until it is told. One lift, then nobody comes again.
     */
    @Test
    void shouldWakeWhoeverSleeps() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            Vps vps = share(new Vps(2));
            vps.inhibit(1);
            Thread flusher = vps.start(0, () -> vps.flush(0, 0b11));
            vps.gates.gate(1).lift(InhibitReason.HOST);
            join(flusher);
            vps.check();
        });
    }

    /**
     * Two threads lift: whoever of them returns first, nobody sleeps.
     */
    @Test
    void shouldHaveToldEverybodyWhenALiftReturns() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            Vps vps = share(new Vps(2));
            vps.inhibit(1);
            require(vps.gates.pass(0).enter(new long[] {0b10}) == Entry.SUSPENDED);
            AtomicInteger sawTold = new AtomicInteger();
            Runnable lift = () -> {
                vps.gates.gate(1).lift(InhibitReason.HOST);
                if (!vps.gates.pass(0).suspended() && vps.told.get(0) != 0) {
                    sawTold.incrementAndGet();
                }
            };
            Thread other = thread(lift);
            lift.run();
            join(other);
            require(sawTold.get() == 2);
        });
    }

    /** Two VPs flush each other while each is inhibited. */
    @Test
    void shouldLetTwoVpsFlushEachOther() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            Vps vps = share(new Vps(2));
            Thread first = vps.start(0, () -> vps.flush(0, 0b11));
            Thread second = vps.start(1, () -> vps.flush(1, 0b11));
            vps.inhibitAndLift(1);
            vps.inhibitAndLift(0);
            join(first, second);
            vps.check();
        });
    }

    /**
     * A reset of a VP that is about to be suspended, or to be resumed: it ends suspended by nobody and registered nowhere.
     */
    @Test
    void shouldForgetAWaitAtReset() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            Vps vps = share(new Vps(2));
            vps.inhibit(1);
            Thread lifter = thread(() -> vps.gates.gate(1).lift(InhibitReason.HOST));
            FlushPass pass = vps.gates.pass(0);
            Entry entry = pass.enter(new long[] {0b10});
            if (entry == Entry.PASSED) {
                pass.leave();
            }
            pass.cancel();
            require(!pass.suspended());
            join(lifter);
            vps.inhibit(1);
            int before = vps.told.get(0);
            vps.gates.gate(1).lift(InhibitReason.HOST);
            require(vps.told.get(0) == before);
            vps.check();
        });
    }

    /** One waits for locks only, another for everything, at the same gate. */
    @Test
    void shouldWakeWhoWaitsForLocks() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            Vps vps = share(new Vps(2));
            FlushGate gate = vps.gates.gate(1);
            gate.inhibit(InhibitReason.TLB_LOCKED_BY_1, Gates.NOTHING, Gates.NOTHING);
            gate.inhibit(InhibitReason.HOST, Gates.NOTHING, Gates.NOTHING);
            Thread waiter =
                    vps.start(0, () -> vps.sleepUntil(0, () -> vps.gates.pass(0).awaitNoLock()));
            gate.lift(InhibitReason.TLB_LOCKED_BY_1);
            join(waiter);
            gate.lift(InhibitReason.HOST);
            vps.check();
        });
    }

    /** VPs that sleep when they are suspended. */
    private static final class Vps {
        private interface Attempt {
            Entry enter();
        }

        final Thread[] threads;
        final AtomicIntegerArray told;
        final FlushGates gates;

        Vps(int processors) {
            threads = new Thread[processors];
            told = new AtomicIntegerArray(processors);
            gates = new FlushGates(processors, vp -> gate -> {
                told.incrementAndGet(vp);
                LockSupport.unpark(threads[vp]);
            });
        }

        Thread start(int vp, Runnable body) {
            threads[vp] = new Thread(body);
            threads[vp].start();
            return threads[vp];
        }

        void flush(int vp, long targets) {
            sleepUntil(vp, () -> gates.pass(vp).enter(new long[] {targets}));
            gates.pass(vp).leave();
        }

        void sleepUntil(int vp, Attempt attempt) {
            FlushPass pass = gates.pass(vp);
            int heard = 0;
            while (attempt.enter() != Entry.PASSED) {
                while (pass.suspended()) {
                    // As a VP's thread does: what wakes it is that it is told, not that the wait is over.
                    while (told.get(vp) == heard) {
                        LockSupport.park();
                    }
                    heard = told.get(vp);
                    pass.acknowledge();
                }
            }
        }

        void inhibit(int vp) {
            gates.gate(vp).inhibit(InhibitReason.HOST, Gates.NOTHING, Gates.NOTHING);
        }

        void inhibitAndLift(int vp) {
            inhibit(vp);
            gates.gate(vp).lift(InhibitReason.HOST);
        }

        void check() {
            for (int vp = 0; vp < threads.length; vp++) {
                require(gates.gate(vp).passing() == 0);
                require(!gates.pass(vp).suspended());
            }
        }
    }

    /** Where Lincheck sees that threads share it: it does not look into lambdas, and does not switch at what is one thread's own. */
    private static volatile Vps shared;

    private static Vps share(Vps vps) {
        shared = vps;
        return shared;
    }

    private static Thread thread(Runnable body) {
        Thread thread = new Thread(body);
        thread.start();
        return thread;
    }

    private static void join(Thread... threads) {
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new AssertionError();
        }
    }
}
