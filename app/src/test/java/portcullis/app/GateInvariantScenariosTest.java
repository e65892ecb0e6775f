package portcullis.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import portcullis.app.Puppets.Order;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;

/**
 * The invariants of DESIGN.md, section 5, on whole machines: guest code, its TLBs, hypercalls, the gate and the host. VPs do what a
 * test orders ({@link Puppets}), on threads of their own and in the deterministic mode; tests wait for states.
 *
 * <p>With each test stand changes of one line that make it fail; they have been tried.
 */
@Timeout(300)
class GateInvariantScenariosTest {
    private static final int SUCCESS = 0;
    private static final int VMCALL = 0xc1010f;
    /** Turns of a VP in which another would have done something if it could. */
    private static final int A_WHILE = 3000;

    private static final int PAGE = 3;
    private static final int OLD = PAGE;
    private static final int NEW = 20;

    @BeforeAll
    static void guestsAreBuilt() {
        BundledGuest.assumeBuilt();
    }

    static Stream<TimeSource> times() {
        return Stream.of(new TimeSource.Host(), new TimeSource.Virtual(5));
    }

    private static void withPuppets(int processors, TimeSource time, Consumer<Puppets> scenario) throws LoadException {
        try (Puppets puppets = new Puppets(processors, time)) {
            scenario.accept(puppets);
        }
    }

    /** VP 0 changes the page's entry and flushes it on {@code targets}, one of which inhibits: it is suspended on that one. */
    private static void changeAndBeSuspended(Puppets puppets, int targets, int kind, int on) {
        puppets.map(0, PAGE, NEW);
        puppets.orderFlush(0, targets, kind, PAGE);
        puppets.awaitSuspended(0, on);
    }

    /**
     * Invariant 1, for each kind of flush hypercall: when it completes nobody has the old translation any more, VPs that were busy,
     * halted or its caller.
     *
     * <p>Fails with: {@code FlushCalls.pass}, without {@code awaitFlushSeen} (by the host's time, in some runs); {@code
     * FlushCalls.post}, without {@code flushPosted}; {@code VpRunner.serve}, without {@code applyFlushes}.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldKeepInvariant1ThatNobodyHasTheOldTranslationAfterItsFlush(TimeSource time) throws LoadException {
        withPuppets(4, time, puppets -> {
            for (int kind = 0; kind < Puppets.KINDS; kind++) {
                int before = kind == 0 ? OLD : NEW + kind - 1;
                for (int vp = 0; vp < 4; vp++) {
                    assertEquals(before, puppets.read(vp, PAGE));
                }
                puppets.watch(1, PAGE);
                puppets.awaitTurns(1, 2);
                puppets.order(2, Order.HALT);
                puppets.awaitHalted(2);
                puppets.map(3, PAGE, NEW + kind);
                assertEquals(before, puppets.read(0, PAGE), "a TLB keeps what it has");
                assertEquals(before, puppets.seen(1));
                puppets.orderFlush(0, 0b1111, kind, PAGE);
                assertEquals(SUCCESS, puppets.awaitDone(0));
                puppets.awaitTurns(1, 2);
                assertEquals(NEW + kind, puppets.seen(1));
                puppets.carryOut(3, Order.SEND, 2);
                puppets.awaitDone(2);
                for (int vp = 0; vp < 4; vp++) {
                    assertEquals(NEW + kind, puppets.read(vp, PAGE), "kind " + kind + ", vp " + vp);
                }
            }
        });
    }

    /**
     * Invariant 2: while VP 1 inhibits, it reads through its old translation, whatever the others flush. After the lift it does not.
     *
     * <p>Fails with: {@code FlushGate.tryEnter}, without the look at REASONS; {@code Partition.setFlushInhibit}, SET ignored.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldKeepInvariant2ThatNoFlushChangesTheTlbOfWhoInhibits(TimeSource time) throws LoadException {
        withPuppets(4, time, puppets -> {
            for (int kind = 0; kind < Puppets.KINDS; kind++) {
                puppets.map(0, PAGE, OLD);
                puppets.orderFlush(0, 0b1111, 1, PAGE);
                assertEquals(SUCCESS, puppets.awaitDone(0));
                puppets.watch(1, PAGE);
                puppets.awaitTurns(1, 2);
                puppets.inhibit(1);
                puppets.inhibit(1);
                changeAndBeSuspended(puppets, 0b0010, kind, 1);
                puppets.orderFlush(2, 0b1010, kind, PAGE);
                puppets.awaitSuspended(2, 1);
                puppets.awaitTurns(1, A_WHILE);
                assertEquals(OLD, puppets.seen(1));
                assertEquals(OLD, puppets.read(1, PAGE));
                assertFalse(puppets.done(0));
                puppets.lift(1);
                assertEquals(SUCCESS, puppets.awaitDone(0));
                assertEquals(SUCCESS, puppets.awaitDone(2));
                puppets.awaitTurns(1, 2);
                assertEquals(NEW, puppets.seen(1));
            }
        });
    }

    /**
     * Invariant 2 is of hypercalls: the VP's own INVLPG works while it inhibits.
     *
     * <p>Fails with: nothing of one line that was found; it is here so that nobody makes the gate stronger than it says.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldLetAVpThatInhibitsFlushItsOwnTlb(TimeSource time) throws LoadException {
        withPuppets(2, time, puppets -> {
            assertEquals(OLD, puppets.read(1, PAGE));
            puppets.inhibit(1);
            changeAndBeSuspended(puppets, 0b10, 0, 1);
            assertEquals(OLD, puppets.read(1, PAGE));
            puppets.carryOut(1, Order.INVALIDATE, PAGE);
            assertEquals(NEW, puppets.read(1, PAGE));
            assertFalse(puppets.done(0));
            puppets.lift(1);
            assertEquals(SUCCESS, puppets.awaitDone(0));
        });
    }

    /**
     * Invariant 3: VPs 0, 1 and 3 are targets, too, before and after the one that inhibits, and keep what they have until the call is
     * issued again.
     *
     * <p>Fails with: {@code FlushCalls.pass}, the first loop of posts before {@code pass.enter}.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldKeepInvariant3ThatWhoIsSuspendedHasFlushedNobody(TimeSource time) throws LoadException {
        withPuppets(4, time, puppets -> {
            for (int vp = 0; vp < 4; vp++) {
                assertEquals(OLD, puppets.read(vp, PAGE));
            }
            puppets.watch(1, PAGE);
            puppets.watch(3, PAGE);
            puppets.inhibit(2);
            changeAndBeSuspended(puppets, 0b1111, 2, 2);
            puppets.awaitTurns(1, A_WHILE);
            puppets.awaitTurns(3, A_WHILE);
            assertEquals(OLD, puppets.seen(1));
            assertEquals(OLD, puppets.seen(3));
            assertEquals(0, puppets.vp(1).context(0).flushGate().passing());
            assertEquals(0, puppets.vp(3).context(0).flushGate().passing());
            puppets.lift(2);
            assertEquals(SUCCESS, puppets.awaitDone(0));
            for (int vp = 0; vp < 4; vp++) {
                assertEquals(NEW, puppets.read(vp, PAGE));
            }
        });
    }

    /**
     * The call is issued again and reads its input again: suspended on one VP, then on the next.
     *
     * <p>Fails with: {@code HypercallInterface.call}, SUSPENDED treated as DONE with RIP moved on.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldBeSuspendedOnOneVpAfterTheOther(TimeSource time) throws LoadException {
        withPuppets(3, time, puppets -> {
            assertEquals(OLD, puppets.read(2, PAGE));
            puppets.inhibit(1);
            puppets.inhibit(2);
            changeAndBeSuspended(puppets, 0b110, 3, 1);
            puppets.lift(1);
            puppets.awaitSuspended(0, 2);
            assertFalse(puppets.done(0));
            puppets.lift(2);
            assertEquals(SUCCESS, puppets.awaitDone(0));
            assertEquals(NEW, puppets.read(2, PAGE));
        });
    }

    /**
     * Invariant 4: two threads of the host shut and open one gate as fast as they can while two VPs flush through it; whenever it is
     * left open all come on.
     *
     * <p>Fails with: {@code FlushPass.suspend}, without the second look; {@code FlushGate.lift}, without {@code wakeWaiters};
     * {@code VpRunner.resumed}, empty (the wait is left registered, and by the host's time its VP sleeps on).
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldKeepInvariant4ThatNoWakeUpIsLost(TimeSource time) throws LoadException {
        withPuppets(3, time, puppets -> {
            for (int round = 0; round < 60; round++) {
                CountDownLatch begin = new CountDownLatch(1);
                Thread[] hosts = new Thread[2];
                for (int i = 0; i < hosts.length; i++) {
                    hosts[i] = Thread.ofPlatform().start(() -> {
                        try {
                            begin.await();
                        } catch (InterruptedException e) {
                            return;
                        }
                        for (int change = 0; change < 50; change++) {
                            puppets.inhibit(1);
                            puppets.lift(1);
                        }
                    });
                }
                puppets.orderFlush(0, 0b010, round, PAGE);
                puppets.orderFlush(2, 0b011, round, PAGE);
                begin.countDown();
                for (Thread host : hosts) {
                    join(host);
                }
                assertEquals(SUCCESS, puppets.awaitDone(0));
                assertEquals(SUCCESS, puppets.awaitDone(2));
            }
        });
    }

    private static void join(Thread thread) {
        try {
            thread.join(Puppets.LIMIT_SECONDS * 1000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertFalse(thread.isAlive(), "a thread of the host waits for ever");
    }

    /**
     * Invariant 5: a suspended VP executes nothing and stands on its hypercall; an interrupt for it stays in its local APIC until it has
     * gone on; pauses change nothing.
     *
     * <p>Fails with: {@code VpRunner.execute}, without the look at {@code suspended()} (the call is issued again and again, and
     * interrupts are taken); {@code HypercallInterface}, SUSPENDED completing the instruction.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldKeepInvariant5ThatWhoIsSuspendedExecutesNothingAndTakesNoInterrupt(TimeSource time)
            throws LoadException {
        withPuppets(3, time, puppets -> {
            puppets.watch(0, PAGE);
            assertEquals(OLD, puppets.read(1, PAGE));
            puppets.inhibit(1);
            changeAndBeSuspended(puppets, 0b010, 0, 1);
            long rip = puppets.register(0, Register.RIP);
            long rcx = puppets.register(0, Register.RCX);
            long turns = puppets.turns(0);
            assertEquals(VMCALL, puppets.instruction(0));
            puppets.carryOut(2, Order.SEND, 0);
            puppets.carryOut(2, Order.SEND, 0);
            puppets.partition.pause();
            assertEquals(1, puppets.pass(0).waitingOn());
            assertEquals(rip, puppets.register(0, Register.RIP));
            puppets.partition.resume();
            puppets.awaitTurns(2, A_WHILE);
            puppets.awaitTurns(1, A_WHILE);
            assertEquals(turns, puppets.turns(0));
            assertEquals(0, puppets.interrupts(0));
            assertEquals(rip, puppets.register(0, Register.RIP));
            assertEquals(rcx, puppets.register(0, Register.RCX));
            assertTrue(puppets.pass(0).suspended());
            puppets.lift(1);
            assertEquals(SUCCESS, puppets.awaitDone(0));
            Puppets.await("the interrupt", () -> puppets.interrupts(0) == 1);
            assertEquals(NEW, puppets.read(1, PAGE));
        });
    }

    /**
     * A lift while the machine is paused takes effect when it goes on.
     *
     * <p>Fails with: {@code VpRequests.take}, PAUSE taken before RESUMED and RESUMED dropped.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldGoOnAfterAPauseInWhichTheInhibitWasLifted(TimeSource time) throws LoadException {
        withPuppets(2, time, puppets -> {
            assertEquals(OLD, puppets.read(1, PAGE));
            puppets.inhibit(1);
            changeAndBeSuspended(puppets, 0b10, 0, 1);
            puppets.partition.pause();
            puppets.lift(1);
            assertEquals(FlushPass.NONE, puppets.pass(0).waitingOn());
            assertFalse(puppets.done(0));
            puppets.partition.resume();
            assertEquals(SUCCESS, puppets.awaitDone(0));
            assertEquals(NEW, puppets.read(1, PAGE));
        });
    }

    /**
     * INIT ends a suspension; the gate stays shut for the next flush.
     *
     * <p>Fails with: {@code VpRunner.init}, without {@code cancel}.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldForgetASuspensionAtInit(TimeSource time) throws LoadException {
        withPuppets(3, time, puppets -> {
            puppets.inhibit(1);
            puppets.orderFlush(2, 0b010, 0, PAGE);
            puppets.awaitSuspended(2, 1);
            puppets.withdraw(2);
            puppets.carryOut(0, Order.INIT, 2);
            Puppets.await("INIT", () -> puppets.pass(2).waitingOn() == FlushPass.NONE);
            assertEquals(1, puppets.carryOut(0, Order.START, 2));
            puppets.awaitDone(2);
            puppets.orderFlush(2, 0b010, 0, PAGE);
            puppets.awaitSuspended(2, 1);
            puppets.lift(1);
            assertEquals(SUCCESS, puppets.awaitDone(2));
        });
    }

    /**
     * A reset ends suspensions and opens gates; the guest comes up again and flushes pass.
     *
     * <p>Fails with: {@code VirtualProcessor.reset}, without {@code cancel}, or without {@code liftFlushInhibit}.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldForgetSuspensionsAndInhibitsAtReset(TimeSource time) throws LoadException {
        withPuppets(3, time, puppets -> {
            puppets.inhibit(1);
            puppets.inhibit(0);
            puppets.orderFlush(0, 0b010, 0, PAGE);
            puppets.orderFlush(2, 0b001, 0, PAGE);
            puppets.awaitSuspended(0, 1);
            puppets.awaitSuspended(2, 0);
            // What the last run has left there would look like a guest that is up.
            puppets.partition.onReset(() -> puppets.partition.memory().putLong(0x100_0000, 0));
            puppets.partition.reset();
            puppets.awaitGuest();
            assertEquals(0, puppets.partition.flushInhibit(1, 0));
            puppets.orderFlush(0, 0b111, 0, PAGE);
            assertEquals(SUCCESS, puppets.awaitDone(0));
        });
    }

    /**
     * All can be ended with a VP suspended, or all of them.
     *
     * <p>Fails with: {@code VpRequests.take}, STOP not looked at while suspended.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldEndWhileAllAreSuspended(TimeSource time) throws LoadException {
        AtomicReference<Outcome> outcome = new AtomicReference<>();
        withPuppets(2, time, puppets -> {
            puppets.inhibit(0);
            puppets.inhibit(1);
            puppets.orderFlush(0, 0b10, 0, PAGE);
            puppets.orderFlush(1, 0b01, 0, PAGE);
            puppets.awaitSuspended(0, 1);
            puppets.awaitSuspended(1, 0);
            puppets.pc.end();
            outcome.set(puppets.awaitEnd());
        });
        assertInstanceOf(Outcome.Stopped.class, outcome.get());
    }

    /**
     * Two VPs flush each other without end while the host shuts and opens both gates.
     *
     * <p>Fails with: {@code VirtualProcessor.awaitFlushSeen}, waiting for FLUSH to be taken rather than for that or not in guest mode.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldFlushCrosswise(TimeSource time) throws LoadException {
        withPuppets(2, time, puppets -> {
            for (int round = 0; round < 200; round++) {
                if (round % 4 == 3) {
                    puppets.inhibit(round / 4 % 2);
                }
                puppets.orderFlush(0, 0b10, round, PAGE);
                puppets.orderFlush(1, 0b01, round, PAGE);
                if (round % 4 == 3) {
                    puppets.awaitSuspended(1 - round / 4 % 2, round / 4 % 2);
                    puppets.lift(round / 4 % 2);
                }
                assertEquals(SUCCESS, puppets.awaitDone(0));
                assertEquals(SUCCESS, puppets.awaitDone(1));
            }
        });
    }

    /**
     * A VP that inhibits and flushes itself is suspended on itself.
     *
     * <p>Fails with: {@code FlushPass.enter}, the caller left out of the targets.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldBeSuspendedOnItself(TimeSource time) throws LoadException {
        withPuppets(2, time, puppets -> {
            assertEquals(OLD, puppets.read(0, PAGE));
            puppets.inhibit(0);
            changeAndBeSuspended(puppets, 0b01, 0, 0);
            long turns = puppets.turns(0);
            puppets.awaitTurns(1, A_WHILE);
            assertEquals(turns, puppets.turns(0));
            puppets.lift(0);
            assertEquals(SUCCESS, puppets.awaitDone(0));
            assertEquals(NEW, puppets.read(0, PAGE));
        });
    }

    /**
     * Invariant 7, by the host's time (by virtual time a device that does not return stops everybody): while VP 3 is stuck in a device
     * and VP 0 is suspended on VP 1, gates of others are shut and opened, and flushes of others complete.
     *
     * <p>Fails with: {@code FlushGate.inhibit}, waiting until every gate is passed by nobody and every VP has left its device ({@code
     * applyPending} replaced by a call on every VP).
     */
    @Test
    void shouldKeepInvariant7ThatWhoIsSlowElsewhereDelaysNobody() throws LoadException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        try (Puppets puppets = new Puppets(4, new TimeSource.Host(), value -> {
            entered.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        })) {
            try {
                puppets.order(3, Order.SAY, 'x');
                Puppets.await("the device", () -> entered.getCount() == 0);
                puppets.inhibit(1);
                puppets.orderFlush(0, 0b0010, 0, PAGE);
                puppets.awaitSuspended(0, 1);
                for (int round = 0; round < 100; round++) {
                    puppets.inhibit(2);
                    puppets.lift(2);
                    puppets.orderFlush(2, 0b0101, round, PAGE);
                    // All but the last two kinds, which flush everybody.
                    if (round % Puppets.KINDS >= 4) {
                        puppets.awaitSuspended(2, 1);
                        puppets.lift(1);
                        puppets.inhibit(1);
                        puppets.lift(1);
                        assertEquals(SUCCESS, puppets.awaitDone(0));
                        assertEquals(SUCCESS, puppets.awaitDone(2));
                        puppets.inhibit(1);
                        puppets.orderFlush(0, 0b0010, 0, PAGE);
                        puppets.awaitSuspended(0, 1);
                    }
                    assertEquals(SUCCESS, puppets.awaitDone(2));
                }
                assertFalse(puppets.done(3));
                puppets.lift(1);
                assertEquals(SUCCESS, puppets.awaitDone(0));
                assertFalse(puppets.done(3), "nobody waited for it");
            } finally {
                leave.countDown();
            }
            puppets.awaitDone(3);
        }
    }

    /**
     * VPs that wait for each other, each on a gate that the other's higher level has shut: told, and the host still has them.
     *
     * <p>Fails with: {@code WaitGraph.circle}, the comparison with the first VP left out; {@code HypercallInterface.call}, without
     * {@code reportCircle}.
     */
    @ParameterizedTest
    @MethodSource("times")
    void shouldTellOfWaitsThatGoInACircle(TimeSource time) throws LoadException {
        withPuppets(3, time, puppets -> {
            List<Integer> both = List.of(0, 1);
            for (int vp : both) {
                // As if its own higher level had been told of an intercept.
                puppets.vp(vp).call(() -> puppets.vp(vp).inhibitFlushes(0, InhibitReason.INTERCEPT, puppets.vp(vp), 1));
            }
            List<String> told = new CopyOnWriteArrayList<>();
            puppets.partition.onCircle(told::add);
            puppets.orderFlush(0, 0b010, 0, PAGE);
            puppets.awaitSuspended(0, 1);
            assertEquals(List.of(), puppets.partition.waitGraph().circles());
            puppets.orderFlush(1, 0b001, 0, PAGE);
            puppets.awaitSuspended(1, 0);
            assertEquals(1, puppets.partition.waitGraph().circles().size());
            Puppets.await("the circle to be told", () -> !told.isEmpty());
            assertTrue(
                    told.getFirst().contains("vp 0 (vtl 0) waits on vp 1, held by intercept through vp 1"),
                    told.toString());
            puppets.awaitTurns(2, A_WHILE);
            puppets.partition.pause();
            assertEquals(VMCALL, puppets.instruction(0));
            puppets.partition.resume();
            puppets.vp(1).call(() -> puppets.vp(1).releaseHeldInhibits(0));
            assertEquals(SUCCESS, puppets.awaitDone(0));
            assertFalse(puppets.done(1));
            puppets.vp(0).call(() -> puppets.vp(0).releaseHeldInhibits(0));
            assertEquals(SUCCESS, puppets.awaitDone(1));
        });
    }
}
