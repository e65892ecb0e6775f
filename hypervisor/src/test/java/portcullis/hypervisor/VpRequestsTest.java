package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;

class VpRequestsTest {
    private final FakeCpu cpu = new FakeCpu(0);
    private final VpRequests requests = new VpRequests(cpu);

    @Test
    void shouldKeepOutOfGuestModeAndSleepWhileThereIsARequest() {
        requests.raise(VpRequests.INTERRUPT);
        assertFalse(requests.enterGuest());
        assertFalse(requests.markParked());
        assertEquals(VpRequests.INTERRUPT, requests.take());
        assertTrue(requests.enterGuest());
    }

    @Test
    void shouldKickOnlyWhoIsInGuestMode() {
        requests.raise(VpRequests.INTERRUPT);
        cpu.program = self -> ExitReason.HALT;
        assertEquals(ExitReason.HALT, cpu.run());
        requests.take();
        requests.enterGuest();
        requests.raise(VpRequests.INTERRUPT);
        assertEquals(ExitReason.KICKED, cpu.run());
        requests.raise(VpRequests.INTERRUPT);
        assertEquals(ExitReason.HALT, cpu.run(), "asked already");
    }

    @Test
    void shouldLeaveSignalsWhereTheyAreWhilePaused() {
        requests.raise(VpRequests.PAUSE);
        requests.raise(VpRequests.INTERRUPT);
        assertFalse(requests.quiet());
        assertEquals(VpRequests.PAUSE, requests.take());
        assertTrue(requests.beQuiet());
        assertFalse(requests.beQuiet());
        assertTrue(requests.quiet());
        requests.raise(VpRequests.WORK);
        assertEquals(VpRequests.WORK, requests.take());
        assertEquals(VpRequests.PAUSE, requests.take());
        requests.resume();
        assertFalse(requests.quiet());
        assertEquals(VpRequests.INTERRUPT, requests.take());
    }

    @Test
    void shouldStayQuietWhenPausedAgainBeforeItHasSeenTheResume() {
        requests.raise(VpRequests.PAUSE);
        requests.take();
        requests.beQuiet();
        requests.resume();
        requests.raise(VpRequests.PAUSE);
        assertTrue(requests.quiet());
        assertEquals(VpRequests.PAUSE, requests.take());
    }

    /** Each requester raises its own bit, waits until the VP has taken it, and does so again. A lost bit leaves one waiting. */
    @Test
    void shouldLoseNoBitAmongSeveralRequesters() throws InterruptedException {
        int rounds = 20_000;
        int requesters = 3;
        AtomicIntegerArray taken = new AtomicIntegerArray(requesters);
        AtomicBoolean failed = new AtomicBoolean();
        Thread vp = new Thread(() -> serve(taken));
        requests.setSleeper(vp);
        vp.start();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < requesters; i++) {
            int bit = i;
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int round = 1; round <= rounds; round++) {
                        int expected = round;
                        requests.raise(1 << bit);
                        FakeMachine.await(() -> taken.get(bit) == expected);
                    }
                } catch (AssertionError lost) {
                    failed.set(true);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        requests.raise(VpRequests.STOP);
        vp.join();
        assertFalse(failed.get());
    }

    /** Takes turns like a VP that always has guest code to run, but comes out by itself at once; every other time it sleeps. */
    private void serve(AtomicIntegerArray taken) {
        for (int turn = 0; ; turn++) {
            int bits = requests.take();
            if (bits == VpRequests.STOP) {
                return;
            }
            for (int i = 0; i < taken.length(); i++) {
                if ((bits >>> i & 1) != 0) {
                    taken.incrementAndGet(i);
                }
            }
            if (turn % 2 == 0) {
                requests.park();
            } else if (requests.enterGuest()) {
                requests.leaveGuest();
            }
        }
    }
}
