package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.time.Alarm;
import portcullis.hypervisor.time.GuestTime;
import portcullis.hypervisor.time.HostAlarms;
import portcullis.hypervisor.time.HostClock;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What one thread does to a partition in the middle of what another does to it. */
class ControlRacesTest {
    /** Host time that has something done when it goes on: that is in the middle of {@link Partition#resume}. */
    private static final class WatchedTime implements GuestTime {
        private final HostAlarms alarms = new HostAlarms();
        private volatile Runnable onResume = () -> {};

        @Override
        public void pause() {
            alarms.pause();
        }

        @Override
        public void resume() {
            alarms.resume();
            onResume.run();
        }

        @Override
        public HostClock clock() {
            return alarms.clock();
        }

        @Override
        public Alarm create(String name, Runnable action) {
            return alarms.create(name, action);
        }

        @Override
        public void onFailure(Consumer<Throwable> handler) {
            alarms.onFailure(handler);
        }

        @Override
        public Saved savedAlarms() {
            return alarms.savedAlarms();
        }

        @Override
        public void save(StateWriter out) {
            alarms.save(out);
        }

        @Override
        public void restore(StateReader in) {
            alarms.restore(in);
        }

        @Override
        public void close() {
            alarms.close();
        }
    }

    /** It comes before or after, not in between, where it would be taken back for those that do not run yet. */
    @Test
    void shouldPauseSoonThoughThePartitionIsJustGoingOn() throws InterruptedException {
        WatchedTime time = new WatchedTime();
        try (FakeMachine machine = new FakeMachine(2, time, new ThreadPerProcessor())) {
            machine.cpus.forEach(cpu -> cpu.program = stepping -> null);
            machine.startAll();
            machine.partition.pause();
            Thread pauser = new Thread(machine.partition::pauseSoon);
            time.onResume = () -> {
                pauser.start();
                FakeMachine.await(() -> !pauser.isAlive() || pauser.getState() == Thread.State.WAITING);
            };
            machine.partition.resume();
            time.onResume = () -> {};
            pauser.join();
            machine.partition.processors().forEach(vp -> assertTrue(vp.paused(), "vp " + vp.index()));
        }
    }

    /** Each is in the middle of something that it does to itself by call, and asks something of the other. */
    @Test
    void shouldAnswerWhileItActsOnItself() {
        askEachOther((self, other, meet, ask) -> self.callFrom(self, () -> {
            meet.run();
            other.callFrom(self, ask);
        }));
    }

    /** A device, on the thread of the VP that accesses it, looks at another VP, as any thread may. */
    @Test
    void shouldAnswerWhileADeviceAsksAnother() {
        askEachOther((self, other, meet, ask) -> {
            meet.run();
            other.call(ask);
        });
    }

    private interface Way {
        void ask(VirtualProcessor self, VirtualProcessor other, Runnable meet, Runnable ask);
    }

    private static void askEachOther(Way way) {
        try (FakeMachine machine = FakeMachine.threaded(2)) {
            CountDownLatch both = new CountDownLatch(2);
            AtomicInteger answers = new AtomicInteger();
            machine.partition.setIoHandler(new IoHandler() {
                @Override
                public void portWrite(int port, int size, int value) {
                    VirtualProcessor self = machine.vp(value);
                    VirtualProcessor other = machine.vp(1 - value);
                    way.ask(self, other, () -> meet(both), answers::incrementAndGet);
                }

                @Override
                public int portRead(int port, int size) {
                    return 0;
                }

                @Override
                public long mmioRead(long gpa, int size) {
                    return 0;
                }

                @Override
                public void mmioWrite(long gpa, int size, long value) {}
            });
            for (int i = 0; i < 2; i++) {
                int index = i;
                machine.cpus.get(i).program = FakeMachine.script(cpu -> cpu.portWrite(0x80, index));
            }
            machine.startAll();
            FakeMachine.await(() -> answers.get() == 2);
        }
    }

    private static void meet(CountDownLatch all) {
        all.countDown();
        try {
            assertTrue(all.await(FakeMachine.LIMIT_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Who leaves while another stays says so before that one can leave, and a third come. */
    @Test
    void shouldKnowThroughWhomAGateIsHeld() throws InterruptedException {
        int rounds = 100_000;
        InhibitReason reason = InhibitReason.INTERCEPT;
        try (FakeMachine machine = FakeMachine.threaded(4)) {
            VtlContext context = machine.vp(3).context();
            AtomicInteger round = new AtomicInteger();
            AtomicInteger left = new AtomicInteger();
            Thread first = Thread.ofPlatform().daemon().start(() -> {
                for (int i = 1; i <= rounds; i++) {
                    while (round.get() < i) {
                        Thread.onSpinWait();
                    }
                    context.releaseFlushInhibit(reason, 0, 1);
                    left.set(i);
                }
            });
            int wrong = 0;
            for (int i = 1; i <= rounds; i++) {
                context.inhibitFlushes(reason, 0, 1, () -> {}, () -> {});
                context.inhibitFlushes(reason, 1, 1, () -> {}, () -> {});
                round.set(i);
                for (int spins = i & 31; spins > 0; spins--) {
                    Thread.onSpinWait();
                }
                context.releaseFlushInhibit(reason, 1, 1);
                context.inhibitFlushes(reason, 2, 1, () -> {}, () -> {});
                while (left.get() < i) {
                    Thread.onSpinWait();
                }
                wrong += context.flushGate().interceptHolder() == 2 ? 0 : 1;
                context.releaseFlushInhibit(reason, 2, 1);
            }
            first.join();
            assertEquals(0, wrong, "times that a VP was named that holds nothing");
        }
    }
}
