package portcullis.hypervisor.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.gate.FlushPass.Entry;

class FlushGateTest {
    private final Gates gates = new Gates(3);

    @ParameterizedTest
    @EnumSource
    void shouldStayShutUntilItsReasonIsLifted(InhibitReason reason) {
        assertEquals(0, gates.inhibit(1, reason));
        assertTrue(gates.gate(1).holds(reason));
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b010));
        assertEquals(1, gates.lift(1, reason));
        assertEquals(0, gates.gate(1).reasons());
        assertEquals(Entry.PASSED, gates.enter(0, 0b010));
    }

    @Test
    void shouldInhibitAndLiftOnceHoweverOftenAsked() {
        assertEquals(0, gates.inhibit(1, InhibitReason.HOST));
        assertEquals(FlushGate.UNCHANGED, gates.inhibit(1, InhibitReason.HOST));
        assertEquals(0, gates.lift(1, InhibitReason.HOST));
        assertEquals(FlushGate.UNCHANGED, gates.lift(1, InhibitReason.HOST));
        assertEquals(Entry.PASSED, gates.enter(0, 0b010));
    }

    @Test
    void shouldOpenOnlyWhenTheLastReasonHasGone() {
        gates.inhibit(1, InhibitReason.HOST);
        gates.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b010));
        assertEquals(0, gates.lift(1, InhibitReason.HOST));
        assertTrue(gates.pass(0).suspended());
        assertEquals(1, gates.lift(1, InhibitReason.TLB_LOCKED_BY_1));
        assertFalse(gates.pass(0).suspended());
    }

    @Test
    void shouldLiftSeveralReasonsAsOne() {
        gates.inhibit(1, InhibitReason.INTERCEPT);
        gates.inhibit(1, InhibitReason.TLB_LOCKED_BY_2);
        gates.enter(0, 0b010);
        assertEquals(1, gates.gate(1).lift(InhibitReason.INTERCEPT.bit() | InhibitReason.LOCKS));
        assertFalse(gates.pass(0).suspended());
    }

    @Test
    void shouldNotConcernOtherGates() {
        gates.inhibit(1, InhibitReason.HOST);
        assertEquals(Entry.PASSED, gates.enter(0, 0b101));
    }

    @Test
    void shouldSuspendACallerThatIsATargetItself() {
        gates.inhibit(0, InhibitReason.TLB_LOCKED_BY_1);
        assertEquals(Entry.SUSPENDED, gates.enter(0, 0b001));
        assertEquals(0, gates.pass(0).waitingOn());
    }

    @Test
    void shouldCountWhoPassesAndWhoWaits() {
        assertEquals(Entry.PASSED, gates.enter(0, 0b010));
        assertEquals(Entry.PASSED, gates.enter(2, 0b010));
        assertEquals(2, gates.gate(1).passing());
        gates.pass(0).leave();
        gates.pass(2).leave();
        assertEquals(0, gates.passing());
        gates.inhibit(1, InhibitReason.HOST);
        gates.enter(0, 0b010);
        gates.enter(2, 0b110);
        assertEquals(2, gates.gate(1).waiting());
        assertEquals(2, gates.lift(1, InhibitReason.HOST));
        assertEquals(0, gates.gate(1).waiting());
    }

    @Test
    void shouldServeTheCallersRequestsWhileItWaits() throws InterruptedException {
        gates.enter(0, 0b010);
        CountDownLatch served = new CountDownLatch(3);
        AtomicInteger passing = new AtomicInteger();
        Thread inhibitor = new Thread(
                () -> passing.set(gates.gate(1).inhibit(InhibitReason.HOST, served::countDown, Gates.NOTHING)));
        inhibitor.start();
        assertTrue(served.await(10, TimeUnit.SECONDS));
        gates.pass(0).leave();
        inhibitor.join(10_000);
        assertFalse(inhibitor.isAlive());
        assertEquals(1, passing.get());
    }

    @Test
    void shouldEndAnInhibitThatAnotherThreadLifts() throws InterruptedException {
        gates.enter(0, 0b010);
        CountDownLatch waits = new CountDownLatch(1);
        Thread inhibitor = new Thread(() -> gates.gate(1).inhibit(InhibitReason.HOST, waits::countDown, Gates.NOTHING));
        inhibitor.start();
        assertTrue(waits.await(10, TimeUnit.SECONDS));
        gates.lift(1, InhibitReason.HOST);
        inhibitor.join(10_000);
        assertFalse(inhibitor.isAlive());
        assertEquals(1, gates.gate(1).passing());
    }

    @Test
    void shouldKeepTheInterruptOfAThreadThatWaits() throws InterruptedException {
        gates.enter(0, 0b010);
        CountDownLatch interrupted = new CountDownLatch(1);
        AtomicInteger kept = new AtomicInteger();
        Thread inhibitor = new Thread(() -> {
            Thread.currentThread().interrupt();
            gates.gate(1).inhibit(InhibitReason.HOST, interrupted::countDown, Gates.NOTHING);
            kept.set(Thread.currentThread().isInterrupted() ? 1 : 2);
        });
        inhibitor.start();
        assertTrue(interrupted.await(10, TimeUnit.SECONDS));
        gates.pass(0).leave();
        inhibitor.join(10_000);
        assertEquals(1, kept.get());
    }

    @Test
    void shouldResumeWhoWaitsForLocksWhenTheLastLockGoes() {
        gates.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        gates.inhibit(1, InhibitReason.TLB_LOCKED_BY_2);
        gates.inhibit(1, InhibitReason.HOST);
        assertEquals(Entry.SUSPENDED, gates.pass(0).awaitNoLock());
        assertTrue(gates.pass(0).waitingForLocks());
        assertEquals(0, gates.lift(1, InhibitReason.TLB_LOCKED_BY_1));
        assertEquals(1, gates.lift(1, InhibitReason.TLB_LOCKED_BY_2));
        assertFalse(gates.pass(0).suspended());
        assertEquals(Entry.PASSED, gates.pass(0).awaitNoLock());
        assertEquals(0, gates.passing());
    }

    @Test
    void shouldPassWhereTargetsAreNone() {
        gates.inhibit(0, InhibitReason.HOST);
        assertEquals(Entry.PASSED, gates.enter(0));
        gates.pass(0).leave();
        assertEquals(Entry.PASSED, gates.enter(0, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 1024, FlushGates.MAX_PROCESSORS})
    void shouldPassAsManyGatesAsThereAreVps(int processors) {
        Gates many = new Gates(processors);
        long[] everybody = new long[(processors + 63) / 64];
        for (int vp = 0; vp < processors; vp++) {
            everybody[vp / 64] |= 1L << vp;
        }
        assertEquals(Entry.PASSED, many.pass(0).enter(everybody));
        assertEquals(processors, many.passing());
        many.pass(0).leave();
        assertEquals(0, many.passing());
        int last = processors - 1;
        many.inhibit(last, InhibitReason.HOST);
        assertEquals(Entry.SUSPENDED, many.pass(0).enter(everybody));
        assertEquals(last, many.pass(0).waitingOn());
        assertEquals(1, many.lift(last, InhibitReason.HOST));
        assertEquals(1, many.told.get(0));
    }

    @Test
    void shouldRefuseVpsThatDoNotExist() {
        assertThrows(IllegalArgumentException.class, () -> gates.enter(0, 0b1000));
        assertThrows(IllegalArgumentException.class, () -> gates.enter(0, 0, 1));
        assertEquals(0, gates.passing());
        assertThrows(IllegalArgumentException.class, () -> new Gates(0));
        assertThrows(IllegalArgumentException.class, () -> new Gates(FlushGates.MAX_PROCESSORS + 1));
    }

    @Test
    void shouldRefuseToEnterTwice() {
        gates.enter(0, 0b010);
        assertThrows(IllegalStateException.class, () -> gates.enter(0, 0b010));
        assertThrows(IllegalStateException.class, () -> gates.pass(0).awaitNoLock());
        gates.pass(0).leave();
        gates.pass(0).leave();
        assertEquals(0, gates.passing());
    }

    @Test
    void shouldNameReasons() {
        assertEquals("none", InhibitReason.describe(0));
        assertEquals("host, tlb locked by 1", InhibitReason.describe(0b0101));
        assertSame(InhibitReason.TLB_LOCKED_BY_2, InhibitReason.lockedBy(2));
        assertThrows(IllegalArgumentException.class, () -> InhibitReason.lockedBy(0));
    }
}
