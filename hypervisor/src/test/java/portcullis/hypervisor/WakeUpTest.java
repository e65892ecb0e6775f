package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;

/** Races between requests and processors on their way into guest mode, to sleep, or out. A lost wake-up shows as a test that waits in vain. */
class WakeUpTest {
    private static final long APIC = 0xfee00000L;
    private static final int ROUNDS = 20_000;

    /** Halts; counts interrupts; ends each. */
    private static class Counter implements FakeCpu.Program {
        final AtomicInteger count = new AtomicInteger();
        private boolean end;

        @Override
        public ExitReason step(FakeCpu cpu) {
            if (end) {
                end = false;
                return cpu.mmioWrite(APIC + 0xb0, 0);
            }
            return ExitReason.HALT;
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            end = true;
            count.incrementAndGet();
        }
    }

    @Test
    void shouldNotLoseInterruptsOnTheWayToSleep() {
        try (FakeMachine machine = FakeMachine.threaded(1)) {
            Counter counter = new Counter();
            machine.cpus.get(0).program = counter;
            machine.startAll();
            for (int i = 1; i <= ROUNDS; i++) {
                int expected = i;
                machine.interrupt(0, 0x41);
                FakeMachine.await(() -> counter.count.get() == expected);
                // Meet the processor at another point of its way back to sleep each time.
                for (int spin = ThreadLocalRandom.current().nextInt(200); spin > 0; spin--) {
                    Thread.onSpinWait();
                }
            }
            assertEquals(ROUNDS, counter.count.get());
        }
    }

    /** Each interrupt is answered by one to the other processor. */
    private static final class Ball extends Counter {
        private final int other;
        private boolean strike;

        Ball(int other) {
            this.other = other;
        }

        @Override
        public ExitReason step(FakeCpu cpu) {
            if (strike) {
                strike = false;
                return cpu.msrWrite(0x830, (long) other << 32 | 0x4051);
            }
            ExitReason reason = super.step(cpu);
            if (reason == ExitReason.MMIO_WRITE) {
                return cpu.msrWrite(0x80b, 0);
            }
            return reason;
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            super.interrupt(cpu, vector);
            strike = count.get() < ROUNDS;
        }
    }

    @Test
    void shouldNotLoseInterruptsBetweenProcessors() {
        try (FakeMachine machine = FakeMachine.threaded(2)) {
            Ball first = new Ball(1);
            Ball second = new Ball(0);
            machine.cpus.get(0).program = first;
            machine.cpus.get(1).program = second;
            machine.startAll();
            for (VirtualProcessor vp : machine.partition.processors()) {
                vp.call(() -> vp.apic().writeBase(vp.apic().base() | 0xc00));
            }
            machine.interrupt(0, 0x51);
            FakeMachine.await(() -> first.count.get() == ROUNDS);
        }
    }

    @Test
    void shouldBeOutOfGuestModeAfterEveryPause() {
        try (FakeMachine machine = FakeMachine.threaded(2)) {
            Counter counter = new Counter();
            AtomicInteger busy = new AtomicInteger();
            machine.cpus.get(0).program = counter;
            machine.cpus.get(1).program = cpu -> {
                busy.incrementAndGet();
                return busy.get() % 7 == 0 ? cpu.portWrite(0x80, 0) : null;
            };
            machine.startAll();
            int sent = 0;
            for (int i = 0; i < 3000; i++) {
                if (counter.count.get() == sent) {
                    machine.interrupt(0, 0x41);
                    sent++;
                }
                machine.partition.pause();
                int frozen = busy.get();
                assertFalse(machine.cpus.get(0).running());
                assertFalse(machine.cpus.get(1).running());
                assertEquals(frozen, busy.get());
                machine.partition.resume();
            }
            int expected = sent;
            FakeMachine.await(() -> counter.count.get() == expected);
        }
    }

    @Test
    void shouldServeWorkWhileInterruptsAndPausesRain() throws InterruptedException {
        try (FakeMachine machine = FakeMachine.threaded(1)) {
            Counter counter = new Counter();
            machine.cpus.get(0).program = counter;
            machine.startAll();
            Thread rain = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < ROUNDS; i++) {
                    machine.interrupt(0, 0x40 + i % 64);
                }
            });
            AtomicInteger worked = new AtomicInteger();
            for (int i = 0; i < 2000; i++) {
                machine.vp(0).call(worked::incrementAndGet);
                if (i % 10 == 0) {
                    machine.partition.pause();
                    machine.vp(0).call(worked::incrementAndGet);
                    machine.partition.resume();
                }
            }
            rain.join();
            assertEquals(2200, worked.get());
            int before = counter.count.get();
            FakeMachine.await(() -> machine.vp(0).apic().deliverable() < 0);
            machine.interrupt(0, 0xf0);
            FakeMachine.await(() -> counter.count.get() > before);
        }
    }
}
