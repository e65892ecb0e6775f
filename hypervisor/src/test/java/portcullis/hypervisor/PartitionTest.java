package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.Register;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.ApicFeatures;

class PartitionTest {
    private final FakeMachine machine = FakeMachine.threaded(2);
    private final Partition partition = machine.partition;

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldStopTimeWhilePaused() {
        machine.startAll();
        partition.pause();
        long stopped = partition.time().clock().ticks();
        AtomicInteger fired = new AtomicInteger();
        partition.time().create("due", fired::incrementAndGet).set(0);
        assertEquals(stopped, partition.time().clock().ticks());
        assertEquals(0, fired.get());
        partition.resume();
        FakeMachine.await(() -> fired.get() == 1);
        assertTrue(partition.time().clock().ticks() >= stopped);
    }

    @Test
    void shouldEndWithTheFirstOutcome() {
        machine.cpus.get(0).program = cpu -> null;
        machine.startAll();
        partition.end(new Outcome.PowerOff());
        partition.end(new Outcome.GuestExit(3));
        assertEquals(new Outcome.PowerOff(), machine.awaitEnd());
        assertFalse(machine.cpus.get(0).running());
    }

    @Test
    void shouldLetDevicesEndTheRunFromProcessorThreads() {
        partition.setIoHandler(new ExitPort());
        machine.cpus.get(1).program = FakeMachine.script(cpu -> cpu.portWrite(0xf4, 0x21));
        machine.startAll();
        assertEquals(new Outcome.GuestExit(0x43), machine.awaitEnd());
        assertThrows(IllegalStateException.class, partition::resume);
    }

    private final class ExitPort implements IoHandler {
        @Override
        public int portRead(int port, int size) {
            return -1;
        }

        @Override
        public void portWrite(int port, int size, int value) {
            partition.end(new Outcome.GuestExit(value << 1 | 1));
        }

        @Override
        public long mmioRead(long gpa, int size) {
            return -1;
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {}
    }

    @Test
    void shouldForgetNothingAtReset() {
        List<String> log = new CopyOnWriteArrayList<>();
        AtomicInteger loads = new AtomicInteger();
        partition.setBootState(boot -> {
            log.add("load");
            boot.cpu().set(Register.RIP, 0x1000 * loads.incrementAndGet());
        });
        partition.onReset(() -> log.add("devices"));
        partition.start();
        machine.awaitHalted(0);
        for (int i = 0; i < 2; i++) {
            int vp = i;
            machine.vp(vp).call(() -> {
                machine.vp(vp).apic().writePage(0x80, 4, 0x30);
                machine.vp(vp).apic().writeBase(0xfed40000L | 0x800);
                machine.cpus.get(vp).postNmi();
            });
        }
        partition.end(new Outcome.Reset());
        assertEquals(new Outcome.Reset(), machine.awaitEnd());
        partition.reset();
        machine.awaitHalted(0);
        partition.pause();
        assertEquals(List.of("devices", "load", "devices", "load"), log);
        assertEquals(0x2000, machine.cpus.get(0).get(Register.RIP));
        assertEquals(2, machine.cpus.get(0).resets);
        assertEquals(Activity.WAIT_FOR_STARTUP, machine.vp(1).context().activity());
        assertEquals(0, machine.vp(1).apic().taskPriorityClass());
        assertEquals(0xfee00900L, machine.vp(0).apic().base());
        assertEquals(0xfee00800L, machine.cpus.get(1).apicBase);
    }

    @Test
    void shouldStayPausedOverReset() {
        machine.cpus.get(0).program = cpu -> null;
        partition.start();
        partition.pause();
        partition.reset();
        long retired = machine.cpus.get(0).retired();
        machine.vp(0).call(() -> {});
        assertEquals(retired, machine.cpus.get(0).retired());
        partition.resume();
        FakeMachine.await(() -> machine.cpus.get(0).retired() > retired);
    }

    @Test
    void shouldResetWhileRunning() {
        machine.cpus.get(0).program = cpu -> null;
        partition.start();
        for (int i = 0; i < 200; i++) {
            partition.reset();
        }
        partition.pause();
        assertEquals(201, machine.cpus.get(0).resets);
    }

    @Test
    void shouldStopForGoodWhateverItsState() {
        machine.cpus.get(0).program = cpu -> null;
        machine.startAll();
        partition.stop();
        partition.stop();
        assertEquals(new Outcome.Stopped(), machine.awaitEnd());
        assertThrows(IllegalStateException.class, partition::resume);
        assertThrows(IllegalStateException.class, partition::reset);
        assertThrows(IllegalStateException.class, partition::start);
        machine.vp(0).call(() -> {});
    }

    @Test
    void shouldStopBeforeStartAndWhilePaused() {
        FakeMachine.threaded(1).close();
        machine.startAll();
        partition.pause();
    }

    @Test
    void shouldStayUnstartedWhenLoaderFails() {
        partition.setBootState(boot -> {
            throw new IllegalArgumentException("kernel does not fit");
        });
        assertThrows(IllegalArgumentException.class, partition::start);
        partition.setBootState(BootState.RESET_VECTOR);
        partition.start();
        machine.awaitHalted(0);
    }

    @Test
    void shouldRefuseControlFromProcessorThreads() {
        machine.startAll();
        machine.vp(0).call(() -> assertThrows(IllegalStateException.class, partition::pause));
        machine.vp(0).call(() -> assertThrows(IllegalStateException.class, partition::reset));
        machine.vp(0).call(() -> assertThrows(IllegalStateException.class, partition::stop));
    }

    @Test
    void shouldGiveUpWaitingForAnEndThatDoesNotCome() {
        machine.startAll();
        assertThrows(TimeoutException.class, () -> partition.awaitEnd(1, TimeUnit.MILLISECONDS));
    }

    @Test
    void shouldKeepEndThatComesDuringPause() {
        machine.startAll();
        partition.pause();
        partition.end(new Outcome.PowerOff());
        assertThrows(IllegalStateException.class, partition::resume);
        assertInstanceOf(Outcome.PowerOff.class, machine.awaitEnd());
        partition.reset();
        partition.resume();
    }

    @Test
    void shouldRefuseShapesThatCannotBe() {
        ApicFeatures narrow = new ApicFeatures(false, true, 40);
        assertThrows(IllegalArgumentException.class, () -> new PartitionConfig(new int[0], narrow));
        assertThrows(IllegalArgumentException.class, () -> new PartitionConfig(new int[] {1, 1}, narrow));
        assertThrows(IllegalArgumentException.class, () -> new PartitionConfig(new int[] {0, 255}, narrow));
    }
}
