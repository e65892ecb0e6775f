package portcullis.hypervisor.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import portcullis.hypervisor.VirtualProcessor.Turn;

@Timeout(60)
class HostCoresTest {
    private final List<Vp> vps = new ArrayList<>();
    private HostCores cores;

    /** Computes in turns that a kick ends, until it is told to stop. */
    private final class Vp implements HostCores.Occupant {
        final HostCores.Place place = cores.place(this);
        final AtomicBoolean stop = new AtomicBoolean();
        final AtomicBoolean work = new AtomicBoolean();
        final AtomicInteger turns = new AtomicInteger();
        volatile boolean kicked;
        volatile boolean waits;
        volatile boolean stuck;
        volatile boolean spinning;
        volatile int served;
        volatile boolean inGuest;
        final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);

        private void run() {
            boolean goesOn = place.enter();
            while (goesOn) {
                if (turn() == Turn.STOPPED) {
                    place.leave();
                    return;
                }
                goesOn = !place.wanted() || place.passOn();
            }
        }

        @Override
        public boolean controlPending() {
            return stop.get() || work.get();
        }

        @Override
        public Turn turn() {
            if (stop.get()) {
                return Turn.STOPPED;
            }
            if (work.compareAndSet(true, false)) {
                served++;
                return Turn.RAN;
            }
            inGuest = true;
            while (!kicked && !stop.get() && !work.get() || stuck) {
                if (spinning) {
                    place.spins();
                }
                Thread.onSpinWait();
            }
            kicked = false;
            inGuest = false;
            turns.incrementAndGet();
            return Turn.RAN;
        }

        @Override
        public boolean beginWait() {
            waits = true;
            if (controlPending()) {
                waits = false;
                return false;
            }
            return true;
        }

        @Override
        public void endWait() {
            waits = false;
        }

        @Override
        public void kick() {
            kicked = true;
        }

        void ask(AtomicBoolean what) {
            what.set(true);
            LockSupport.unpark(thread);
        }
    }

    private void start(int count, int on) {
        cores = new HostCores(on);
        for (int i = 0; i < count; i++) {
            vps.add(new Vp());
        }
        vps.forEach(vp -> vp.thread.start());
    }

    @AfterEach
    void end() throws InterruptedException {
        for (Vp vp : vps) {
            vp.stuck = false;
            vp.ask(vp.stop);
        }
        for (Vp vp : vps) {
            vp.thread.join();
        }
        if (cores != null) {
            assertEquals(0, cores.running(), "all cores are back");
            assertFalse(cores.contended());
            cores.close();
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        while (!condition.holds()) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 1", "8, 2", "64, 2", "5, 4"})
    void shouldLetEachHaveACoreAgainAndAgain(int count, int on) {
        start(count, on);
        for (int round = 1; round <= 3; round++) {
            int turns = round;
            await(() -> vps.stream().allMatch(vp -> vp.turns.get() >= turns));
        }
    }

    @Test
    void shouldHaveNoMoreInGuestModeThanThereAreCores() {
        start(6, 2);
        for (int i = 0; i < 100_000; i++) {
            assertTrue(cores.running() <= 2);
        }
        await(() -> vps.stream().allMatch(vp -> vp.turns.get() > 0));
    }

    @Test
    void shouldTakeNoCoreAwayWhileNobodyWaits() {
        start(2, 2);
        await(() -> vps.stream().allMatch(vp -> vp.inGuest));
        assertFalse(cores.contended());
        assertEquals(2, cores.running());
        assertEquals(0, vps.get(0).turns.get() + vps.get(1).turns.get());
    }

    @Test
    void shouldServeTheHostWhileItWaits() {
        start(2, 1);
        Vp holder = vps.get(0);
        Vp other = vps.get(1);
        await(() -> holder.inGuest || other.inGuest);
        Vp stuck = holder.inGuest ? holder : other;
        Vp waiter = stuck == holder ? other : holder;
        waiter.ask(waiter.work);
        await(() -> waiter.served == 1);
        waiter.ask(waiter.stop);
        await(() -> !waiter.thread.isAlive());
    }

    @Test
    void shouldRunAnotherBesideOneThatTakesNoNotice() {
        cores = new HostCores(1);
        Vp stuck = new Vp();
        stuck.stuck = true;
        vps.add(stuck);
        stuck.thread.start();
        await(() -> stuck.inGuest);
        Vp other = new Vp();
        vps.add(other);
        other.thread.start();
        await(() -> other.inGuest);
        assertTrue(stuck.inGuest);
        assertEquals(1, cores.running(), "who was given up does not count");
        stuck.stuck = false;
        await(() -> stuck.turns.get() >= 3 && other.turns.get() >= 3);
    }

    @Test
    void shouldTakeTheCoreOfOneThatSpins() {
        start(3, 1);
        vps.get(0).spinning = true;
        await(() -> vps.get(0).turns.get() >= 5
                && vps.get(1).turns.get() >= 5
                && vps.get(2).turns.get() >= 5);
    }

    @Test
    void shouldGiveCoresBackWhenVpsSleep() {
        start(3, 1);
        await(() -> vps.stream().anyMatch(vp -> vp.inGuest));
        Vp first = vps.stream().filter(vp -> vp.inGuest).findFirst().orElseThrow();
        first.ask(first.stop);
        await(() -> vps.stream().filter(vp -> vp != first).allMatch(vp -> vp.turns.get() > 1));
    }

    @Test
    void shouldRefuseLessThanOneCore() {
        assertThrows(IllegalArgumentException.class, () -> new HostCores(0));
    }
}
