package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.time.HostAlarms;

/** A thread whose VP is suspended at a gate: asleep at once, after a while, or for a long time not. */
@Timeout(FakeMachine.LIMIT_SECONDS)
class SuspendedThreadTest {
    private static final int ROUNDS = 20;

    /** A VP 0 that enters VP 1's gate, is suspended there, and counts how often it got through. */
    private static FakeMachine machine(long spin, AtomicInteger passed) {
        FakeMachine machine = new FakeMachine(2, new HostAlarms(), new ThreadPerProcessor(spin));
        machine.cpus.get(0).program = cpu -> {
            FlushPass pass = machine.vp(0).context().flushPass();
            if (pass.enter(new long[] {2}) == FlushPass.Entry.PASSED) {
                passed.incrementAndGet();
                pass.leave();
            }
            return ExitReason.BUDGET;
        };
        machine.startAll();
        return machine;
    }

    private static void awaitSuspended(FakeMachine machine) {
        FakeMachine.await(() -> machine.vp(0).context().flushPass().suspended());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 50_000, 3_600_000_000_000L})
    void shouldGoOnAtEveryLift(long spin) {
        AtomicInteger passed = new AtomicInteger();
        try (FakeMachine machine = machine(spin, passed)) {
            for (int i = 0; i < ROUNDS; i++) {
                machine.vp(1).inhibitFlushes(0);
                awaitSuspended(machine);
                int before = passed.get();
                machine.vp(1).liftFlushInhibit(0);
                FakeMachine.await(() -> passed.get() > before);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3_600_000_000_000L})
    void shouldStillServePauseWorkAndStop(long spin) {
        AtomicInteger passed = new AtomicInteger();
        try (FakeMachine machine = machine(spin, passed)) {
            machine.vp(1).inhibitFlushes(0);
            awaitSuspended(machine);
            int before = passed.get();
            for (int i = 0; i < ROUNDS; i++) {
                machine.partition.pause();
                machine.partition.resume();
                machine.vp(0).call(() -> {});
            }
            assertEquals(before, passed.get());
        }
    }
}
