package portcullis.hypervisor.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.gate.FlushPass.Entry;

/**
 * The invariants of DESIGN.md, section 5, as far as the gate alone keeps them; guests test the rest. Every interleaving of them
 * is checked on the protocol (model/gate.pml), many on this code (GateInterleavingsTest, stress/).
 *
 * <p>With each test stand changes of one line that make it fail; they have been tried.
 */
class GateInvariantsTest {
    private final Gates gates = new Gates(3);

    /**
     * Invariant 1 needs of the gate that a flush is inside the gates of all its targets at once.
     *
     * <p>Fails with: {@code FlushPass.enter}, {@code left &= left - 1} replaced by {@code left = 0}.
     */
    @Test
    void shouldKeepInvariant1ByPassingAllGatesAtOnce() {
        assertEquals(Entry.PASSED, gates.enter(0, 0b111));
        for (int vp = 0; vp < 3; vp++) {
            assertEquals(1, gates.gate(vp).passing());
        }
        gates.pass(0).leave();
        assertEquals(0, gates.passing());
    }

    /**
     * Two VPs flush all, in opposite order of targets, while a third thread opens and shuts one gate; the TLB that it guards may
     * not change while it is shut.
     *
     * <p>Fails with: {@code FlushGate.tryEnter}, without the look at REASONS; {@code FlushGate.inhibit}, without awaitPasses;
     * {@code FlushGate.done}, {@code ==} replaced by {@code >=}.
     */
    @Test
    void shouldKeepInvariant2ThatNoFlushHappensBetweenInhibitAndLift() throws InterruptedException {
        int rounds = 3000;
        AtomicInteger tlb = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> flushers = new ArrayList<>();
        for (int vp : new int[] {0, 2}) {
            Thread flusher = new Thread(() -> {
                while (!done.get()) {
                    if (gates.enter(vp, 0b111) == Entry.PASSED) {
                        tlb.getAndIncrement();
                        Thread.onSpinWait();
                        tlb.getAndIncrement();
                        gates.pass(vp).leave();
                    }
                }
            });
            flushers.add(flusher);
            flusher.start();
        }
        String seen = null;
        for (int i = 0; i < rounds && seen == null; i++) {
            gates.inhibit(1, InhibitReason.HOST);
            int before = tlb.get();
            Thread.onSpinWait();
            int after = tlb.get();
            if (before != after || gates.gate(1).passing() != 0) {
                seen = "round " + i + ": " + before + ", " + after;
            }
            gates.lift(1, InhibitReason.HOST);
        }
        done.set(true);
        for (Thread flusher : flushers) {
            flusher.join();
        }
        assertEquals(null, seen);
    }

    /**
     * Second sentence: what has completed and lies in the target's request word is applied before inhibit returns, and not
     * before the last flush that could add to it has left.
     *
     * <p>Fails with: {@code FlushGate.inhibit}, applyPending.run() before awaitPasses, or left out.
     */
    @Test
    void shouldKeepInvariant2ByApplyingWhatIsPendingWhenNobodyPasses() throws InterruptedException {
        gates.enter(0, 0b010);
        CountDownLatch waits = new CountDownLatch(1);
        AtomicInteger passingThen = new AtomicInteger(-1);
        AtomicInteger reasonsThen = new AtomicInteger(-1);
        Thread inhibitor = new Thread(() -> gates.gate(1).inhibit(InhibitReason.HOST, waits::countDown, () -> {
            passingThen.set(gates.gate(1).passing());
            reasonsThen.set(gates.gate(1).reasons());
        }));
        inhibitor.start();
        assertTrue(waits.await(10, TimeUnit.SECONDS));
        assertEquals(-1, passingThen.get());
        gates.pass(0).leave();
        inhibitor.join(10_000);
        assertEquals(0, passingThen.get());
        assertEquals(InhibitReason.HOST.bit(), reasonsThen.get());
    }

    /**
     * Who is suspended is inside no gate: nobody that inhibits another of its targets waits for it.
     *
     * <p>Fails with: {@code FlushPass.enter}, without leaveEntered() before suspend; {@code FlushPass.enter}, that continues
     * instead of returning.
     */
    @Test
    void shouldKeepInvariant3ThatWhoIsSuspendedHasPassedNoGate() {
        gates.inhibit(2, InhibitReason.HOST);
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b111));
        assertEquals(0, gates.passing());
        assertEquals(2, gates.pass(0).waitingOn());
        assertEquals(2, gates.pass(0).lastWaitedOn());
        // Would wait for ever for a pass that is inside.
        assertEquals(0, gates.inhibit(0, InhibitReason.HOST));
        assertEquals(0, gates.inhibit(1, InhibitReason.HOST));
        gates.pass(0).leave();
        assertEquals(0, gates.passing());
    }

    /**
     * A VP that sleeps when it is suspended, and a lift that comes when it sleeps or is about to: it wakes each time.
     *
     * <p>Fails with: {@code FlushPass.resume}, without the callback; {@code FlushGate.lift}, without wakeWaiters. The races
     * between the two (no second look, waiters woken before the word is changed) are for GateInterleavingsTest to find.
     */
    @Test
    void shouldKeepInvariant4ThatNoWakeUpIsLost() throws InterruptedException {
        int rounds = 3000;
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        Thread[] vp = new Thread[1];
        AtomicBoolean told = new AtomicBoolean();
        FlushGates two = new FlushGates(2, index -> gate -> {
            told.set(true);
            LockSupport.unpark(vp[0]);
        });
        vp[0] = new Thread(() -> {
            FlushPass pass = two.pass(0);
            for (int i = 1; i <= rounds; i++) {
                awaitAtLeast(begun, i);
                while (pass.enter(new long[] {0b10}) != Entry.PASSED) {
                    while (pass.suspended()) {
                        while (!told.getAndSet(false)) {
                            LockSupport.park();
                        }
                        pass.acknowledge();
                    }
                }
                pass.leave();
                done.set(i);
            }
        });
        vp[0].setDaemon(true);
        vp[0].start();
        FlushGate gate = two.gate(1);
        for (int i = 1; i <= rounds; i++) {
            gate.inhibit(InhibitReason.HOST, Gates.NOTHING, Gates.NOTHING);
            begun.set(i);
            if (i % 2 == 0) {
                while (!two.pass(0).suspended()) {
                    Thread.yield();
                }
            }
            gate.lift(InhibitReason.HOST);
            assertTrue(
                    awaitAtLeast(done, i),
                    "in round " + i + " vp 0 waits on vp " + two.pass(0).waitingOn());
        }
        vp[0].join();
    }

    /** @return false when it has taken too long by far */
    private static boolean awaitAtLeast(AtomicInteger value, int wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (value.get() < wanted) {
            Thread.yield();
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Who lifts a gate that is open already returns with everybody told, even if another thread has lifted and not come to
     * telling them.
     *
     * <p>Fails with: {@code FlushPass.resume}, {@code || now == NONE} left out; {@code FlushGate.lift}, that returns at once
     * where the reason was not there.
     */
    @Test
    void shouldKeepInvariant4ForALiftThatFindsTheGateOpen() throws InterruptedException {
        CountDownLatch inCallback = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger told = new AtomicInteger();
        AtomicReference<Thread> first = new AtomicReference<>();
        FlushGates two = new FlushGates(2, vp -> gate -> {
            if (Thread.currentThread() == first.get()) {
                inCallback.countDown();
                awaitUninterruptibly(goOn);
            }
            told.getAndIncrement();
        });
        two.gate(1).inhibit(InhibitReason.HOST, Gates.NOTHING, Gates.NOTHING);
        assertEquals(Entry.SUSPENDED, two.pass(0).enter(new long[] {0b10}));
        Thread lifter = new Thread(() -> two.gate(1).lift(InhibitReason.HOST));
        first.set(lifter);
        lifter.start();
        assertTrue(inCallback.await(10, TimeUnit.SECONDS));
        assertEquals(0, told.get());
        assertEquals(FlushGate.UNCHANGED, two.gate(1).lift(InhibitReason.HOST));
        assertEquals(1, told.get());
        goOn.countDown();
        lifter.join(10_000);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * A suspension can be saved and restored; a reset ends it, and a lift that comes too late finds nothing.
     *
     * <p>Fails with: {@code FlushPass.restore}, without suspend; {@code FlushPass.cancel}, without withdraw; {@code
     * FlushPass.withdraw}, without removeWaiter.
     */
    @Test
    void shouldKeepInvariant5AcrossSaveRestoreAndReset() {
        gates.inhibit(1, InhibitReason.INTERCEPT);
        gates.enter(0, 0b010);
        int gate = gates.gate(1).reasons();
        int wait = gates.pass(0).save();

        Gates other = new Gates(3);
        other.gate(1).restore(gate, 0);
        other.pass(0).restore(wait);
        assertTrue(other.pass(0).suspended());
        assertEquals(1, other.pass(0).waitingOn());
        assertEquals(1, other.lift(1, InhibitReason.INTERCEPT));
        assertEquals(1, other.told.get(0));
        assertFalse(other.pass(0).suspended());

        assertTrue(gates.pass(0).cancel());
        assertFalse(gates.pass(0).suspended());
        assertFalse(gates.pass(0).cancel());
        assertEquals(0, gates.lift(1, InhibitReason.INTERCEPT));
        assertEquals(0, gates.told.get(0));
    }

    /** Fails with: {@code FlushPass.restore}, without the callback where the gate is open. */
    @Test
    void shouldKeepInvariant5ByNotRestoringAWaitForAnOpenGate() {
        Gates other = new Gates(3);
        other.pass(0).restore(1);
        assertFalse(other.pass(0).suspended());
        assertEquals(1, other.told.get(0));
        other.pass(0).restore(FlushPass.NONE);
        assertThrows(IllegalArgumentException.class, () -> other.pass(0).restore(3));
        assertThrows(IllegalArgumentException.class, () -> other.pass(0).restore(-2));
        assertThrows(IllegalArgumentException.class, () -> other.gate(0).restore(0x10, 0));
    }

    /**
     * Invariant 6 needs of the gate that levels have gates and passes of their own.
     *
     * <p>Fails with: nothing of one line; a level's gates in a static field would do it.
     */
    @Test
    void shouldKeepInvariant6ByGatesOfItsOwnForEachLevel() {
        Gates higher = new Gates(3);
        gates.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b010));
        assertEquals(Entry.PASSED, higher.enter(0, 0b010));
        assertEquals(0, higher.gate(1).reasons());
    }

    /**
     * An inhibit waits for nobody that passes other gates only, and a lift tells nobody that waits elsewhere or has stopped
     * waiting.
     *
     * <p>Fails with: {@code FlushGate.wake}, {@code waiters.word(i)} replaced by {@code -1L >>> -passes.length}; {@code
     * FlushPass.resume}, without the compare-and-set; {@code FlushPass.acknowledge}, without withdraw.
     */
    @Test
    void shouldKeepInvariant7ByTouchingOnlyWhoIsConcerned() {
        assertEquals(Entry.PASSED, gates.enter(2, 0b101));
        assertEquals(0, gates.inhibit(1, InhibitReason.HOST));
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b010));
        assertEquals(1, gates.lift(1, InhibitReason.HOST));
        assertEquals(1, gates.told.get(0));
        assertEquals(0, gates.told.get(1) + gates.told.get(2));

        gates.pass(0).acknowledge();
        gates.inhibit(1, InhibitReason.HOST);
        assertEquals(0, gates.lift(1, InhibitReason.HOST));
        assertEquals(1, gates.told.get(0));

        gates.pass(2).leave();
        gates.inhibit(2, InhibitReason.HOST);
        gates.inhibit(1, InhibitReason.HOST);
        gates.enter(0, 0b100);
        assertEquals(0, gates.lift(1, InhibitReason.HOST));
        assertEquals(1, gates.told.get(0));
    }
}
