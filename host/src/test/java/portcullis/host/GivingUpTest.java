package portcullis.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.machine.bus.PortDevice;

/** Runs that do not come to what they were to come to, and how they tell. */
@Timeout(60)
class GivingUpTest {
    private static NotReachedException givesUp(Machine machine, Until until, Limit limit) {
        return assertThrows(NotReachedException.class, () -> machine.run(until, limit));
    }

    @Test
    void shouldSayWhereItWasWhenTheLimitWasMet() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            NotReachedException refused = givesUp(machine, Until.halted(), Limit.instructions(10_000));
            Diagnosis diagnosis = refused.diagnosis();
            assertEquals(
                    "10000 ns of guest time have passed, the limit, before all vps have halted", diagnosis.reason());
            assertTrue(diagnosis.machine().contains("virtual time, seed 1"), diagnosis.machine());
            String vp = diagnosis.processors().getFirst();
            assertTrue(vp.startsWith("vp 0 vtl 0 running\nRAX="), vp);
            assertTrue(vp.contains("RIP=000000000010000b"), vp);
            assertTrue(vp.contains("next: jmp"), vp);
            assertTrue(vp.contains("last instructions:\n"), vp);
            assertFalse(diagnosis.slices().isEmpty());
            assertEquals("AB", diagnosis.output().getFirst());
            assertTrue(refused.getMessage().contains("what the guest said last:\n  AB"), refused.getMessage());
            machine.run(Until.instructions(100));
        }
    }

    @Test
    void shouldMeetTheLimitAtTheSameInstruction() {
        long[] times = new long[2];
        for (int run = 0; run < 2; run++) {
            try (Machine machine = Guests.flat(Guests.COUNT).build()) {
                givesUp(machine, Until.halted(), Limit.instructions(12_345));
                times[run] = machine.vp(0).register(Register.RAX);
            }
        }
        assertEquals(times[0], times[1]);
    }

    @Test
    void shouldGiveUpByTheHostsTime() {
        try (Machine machine = Guests.flat(Guests.SPIN).build()) {
            NotReachedException refused = givesUp(machine, Until.halted(), Limit.host(Duration.ofMillis(5)));
            assertTrue(refused.getMessage().startsWith("0.0 s of the host's time have passed"), refused.getMessage());
        }
    }

    @Test
    void shouldSayAtOnceWhereNothingCanHappenAnyMoreAndGoOnWhenItCan() {
        // mov $0x30, %al; out %al, $0x43; hlt: the PIT stands. Without an interrupt table the NMI is a triple fault.
        try (Machine machine = Guests.flat("b030 e643 f4").build()) {
            NotReachedException refused = givesUp(machine, Until.serial("x"), Limit.DEFAULT);
            assertTrue(refused.getMessage().startsWith("every vp waits for what cannot come"), refused.getMessage());
            assertTrue(machine.outcome().isEmpty(), "the run has not ended");
            machine.vp(0).nmi();
            machine.run(Until.tripleFault());
        }
    }

    @Test
    void shouldGiveUpSoonWhereTheGuestSleepsForEver() {
        try (Machine machine = Guests.flat(Guests.HALT).build()) {
            NotReachedException refused = assertThrows(NotReachedException.class, () -> machine.run(Until.serial("x")));
            assertTrue(
                    refused.getMessage().startsWith("60000000000 ns of guest time have passed"), refused.getMessage());
        }
    }

    @Test
    void shouldTellAFaultOfADevice() {
        PortDevice broken = new PortDevice() {
            @Override
            public int read(int port, int size) {
                throw new IllegalStateException("broken device");
            }

            @Override
            public void write(int port, int size, int value) {}
        };
        // mov $0x5000, %edx; in %dx, %al; hlt
        try (Machine machine =
                Guests.flat("ba00500000 ec f4").ports(0x5000, 4, broken).build()) {
            NotReachedException refused = givesUp(machine, Until.halted(), Limit.DEFAULT);
            assertInstanceOf(
                    Outcome.HostError.class, refused.diagnosis().outcome().orElseThrow());
            assertEquals("broken device", refused.getCause().getMessage());
        }
    }

    @Test
    void shouldGiveUpWhereTheThreadIsInterrupted() {
        try (Machine machine = Guests.flat(Guests.SPIN).build()) {
            Thread.currentThread().interrupt();
            NotReachedException refused = givesUp(machine, Until.halted(), Limit.NONE);
            assertTrue(Thread.interrupted());
            assertTrue(refused.getMessage().startsWith("the calling thread was interrupted"), refused.getMessage());
        }
    }

    /** Runs for ever on another thread, until {@code action} ends that. */
    private static Throwable whileItRuns(Machine machine, CountDownLatch began, Consumer<Machine> action)
            throws InterruptedException {
        CompletableFuture<Stop> run = CompletableFuture.supplyAsync(() -> machine.run(Until.halted(), Limit.NONE));
        began.await();
        action.accept(machine);
        return assertThrows(CompletionException.class, run::join).getCause();
    }

    @Test
    void shouldEndARunByPausingOrClosingOnAnotherThread() throws InterruptedException {
        CountDownLatch began = new CountDownLatch(1);
        Set<Thread> before = threads();
        Machine machine =
                Guests.flat(Guests.SAY_AB).serial(value -> began.countDown()).build();
        Throwable paused = whileItRuns(machine, began, Machine::pause);
        assertTrue(paused.getMessage().startsWith("another thread has paused"), paused.getMessage());
        machine.run(Until.instructions(100));
        Throwable closed = whileItRuns(machine, new CountDownLatch(0), GivingUpTest::closeWhenItRuns);
        assertInstanceOf(IllegalStateException.class, closed);
        machine.close();
        IllegalStateException after =
                assertThrows(IllegalStateException.class, () -> machine.vp(0).register(Register.RAX));
        assertEquals("the machine is closed; look into it before", after.getMessage());
        Set<Thread> left = threads();
        left.removeAll(before);
        left.removeIf(thread -> !thread.getName().contains("vp"));
        assertEquals(Set.of(), left, "no thread stays");
    }

    private static void closeWhenItRuns(Machine machine) {
        long before = machine.time();
        while (machine.time() == before) {
            Thread.onSpinWait();
        }
        machine.close();
    }

    @Test
    void shouldTellOfAConditionThatThrows() {
        try (Machine machine = Guests.flat(Guests.SAY_AB).build()) {
            Until broken = Until.event(EnumSet.of(Kind.EXIT), event -> {
                throw new IllegalArgumentException("broken condition");
            });
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> machine.run(broken, Limit.NONE));
            assertEquals("broken condition", refused.getCause().getMessage());
            machine.run(Until.serial("B"));
        }
    }

    /** Whoever comes first, none of them waits for the run's limit. */
    @Test
    void shouldLetPauseAndRunMeetAtAnyMoment() throws InterruptedException {
        try (Machine machine = Guests.flat(Guests.SPIN).build()) {
            for (int round = 0; round < 200; round++) {
                Thread pausing = Thread.ofPlatform().start(machine::pause);
                try {
                    machine.run(Until.instructions(20_000 * (1 + round % 5)));
                } catch (NotReachedException paused) {
                    assertTrue(paused.getMessage().startsWith("another thread has paused"), paused.getMessage());
                }
                pausing.join();
            }
        }
    }

    @Test
    void shouldLetCloseAndRunMeetAtAnyMoment() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            Machine machine = Guests.flat(Guests.SPIN).build();
            Thread closing = Thread.ofPlatform().start(machine::close);
            assertThrows(IllegalStateException.class, () -> machine.run(Until.halted(), Limit.NONE));
            closing.join();
            assertTrue(machine.isClosed());
        }
    }

    private static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet());
    }

    @Test
    void shouldLeaveNoThreadByTheHostsTime() {
        Set<Thread> before = threads();
        Machine machine = Guests.flat(Guests.SPIN).cpus(3).hostTime().start();
        machine.close();
        machine.close();
        Set<Thread> left = threads();
        left.removeAll(before);
        left.removeIf(thread ->
                !thread.getName().startsWith("vp ") && !thread.getName().equals("virtio"));
        left.removeIf(thread -> !thread.isAlive());
        assertEquals(Set.of(), left);
    }

    @Test
    void shouldRefuseControlFromWithinADevice() {
        Machine[] machine = new Machine[1];
        String[] refusal = new String[1];
        try (Machine made = Guests.flat(Guests.SAY_AB)
                .serial(value -> {
                    try {
                        machine[0].partition().pause();
                    } catch (IllegalStateException refused) {
                        refusal[0] = refused.getMessage();
                    }
                })
                .build()) {
            machine[0] = made;
            made.run(Until.serial("B"));
            assertEquals("a VP cannot wait for itself; devices call end()", refusal[0]);
        }
    }
}
