package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.synic.EventPort;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.synic.PortTarget;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** SynIC and synthetic timers in a partition whose VPs run on threads of their own. */
class SynicPartitionTest {
    private static final long MESSAGES = 0x10000;
    private static final long EVENTS = 0x11000;
    private static final long ASSIST = 0x12000;
    private static final int VECTOR = 0x82;
    private static final int TIMER_VECTOR = 0x90;

    private FakeMachine machine = FakeMachine.enlightened(2);

    @AfterEach
    void close() {
        machine.close();
    }

    private MemoryView view() {
        return machine.partition.memory().view(0);
    }

    /** A guest that writes MSRs, then halts for ever. */
    private final class Guest implements FakeCpu.Program {
        private final List<long[]> writes = new CopyOnWriteArrayList<>();
        final List<Integer> vectors = new CopyOnWriteArrayList<>();
        private int next;
        private LongSupplier onInterrupt = () -> 0;
        volatile boolean faulted;

        Guest write(int msr, long value) {
            writes.add(new long[] {msr, value});
            return this;
        }

        @Override
        public ExitReason step(FakeCpu cpu) {
            faulted |= cpu.exit().fault;
            if (next == writes.size()) {
                return ExitReason.HALT;
            }
            long[] write = writes.get(next++);
            return cpu.msrWrite((int) write[0], write[1]);
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            vectors.add(vector);
            if (onInterrupt.getAsLong() == 0) {
                machine.vp(0).apic().endOfInterrupt();
            }
        }
    }

    private Guest guest() {
        Guest guest = new Guest()
                .write(HvMsr.SCONTROL, 1)
                .write(HvMsr.SIMP, MESSAGES | 1)
                .write(HvMsr.SIEFP, EVENTS | 1)
                .write(HvMsr.SINT0 + 2, VECTOR);
        machine.cpus.getFirst().program = guest;
        return guest;
    }

    private void start() {
        machine.partition.memory().addRam(0, 0x100000);
        machine.startAll();
        machine.awaitHalted(0);
        machine.awaitHalted(1);
    }

    @Test
    void shouldWakeAHaltedVpWithAMessage() {
        Guest guest = guest();
        start();
        assertFalse(guest.faulted);
        MessagePort port = machine.partition.connections().createMessagePort(1, new PortTarget(0, 0, 2));
        assertEquals(HvStatus.SUCCESS, port.post(5, new byte[] {42}));
        FakeMachine.await(() -> guest.vectors.equals(List.of(VECTOR)));
        assertEquals(5, view().getInt(MESSAGES + 2 * 256));
        assertEquals(42, view().getByte(MESSAGES + 2 * 256 + 16));
        assertEquals(HvStatus.SUCCESS, port.post(6, new byte[1]));
        machine.awaitHalted(0);
        assertEquals(List.of(VECTOR), guest.vectors, "the second waits");
    }

    @Test
    void shouldLeadEventsToTheVpThatTakesThem() {
        Guest guest = guest();
        start();
        PortTarget anyone = new PortTarget(PortTarget.ANY_VP, 0, 2);
        EventPort port = machine.partition.connections().createEventPort(1, anyone, 0, 64);
        assertEquals(HvStatus.SUCCESS, port.signal(33));
        FakeMachine.await(() -> guest.vectors.equals(List.of(VECTOR)));
        assertEquals(1L << 33, view().getLong(EVENTS + 2 * 256));
        PortTarget other = new PortTarget(1, 0, 2);
        assertEquals(
                HvStatus.INVALID_SYNIC_STATE,
                machine.partition.connections().createEventPort(2, other, 0, 1).signal(0));
        PortTarget nobody = new PortTarget(2, 0, 2);
        assertEquals(
                HvStatus.INVALID_VP_INDEX,
                machine.partition.connections().createEventPort(3, nobody, 0, 1).signal(0));
    }

    @Test
    void shouldWakeAHaltedVpByTimer() {
        Guest guest =
                guest().write(HvMsr.STIMER0_COUNT, 1000).write(HvMsr.STIMER0_CONFIG, TIMER_VECTOR << 4 | 1 << 12 | 3);
        start();
        FakeMachine.await(() -> guest.vectors.size() >= 10);
        assertFalse(guest.faulted);
        assertTrue(guest.vectors.stream().allMatch(vector -> vector == TIMER_VECTOR));
    }

    @Test
    void shouldForgetEverythingAtReset() {
        Guest guest = guest();
        start();
        MessagePort port = machine.partition.connections().createMessagePort(1, new PortTarget(0, 0, 2));
        port.post(5, new byte[1]);
        port.post(6, new byte[1]);
        machine.partition.reset();
        machine.awaitHalted(0);
        assertEquals(HvStatus.INVALID_SYNIC_STATE, port.post(7, new byte[1]));
        assertEquals(0, view().getInt(MESSAGES + 2 * 256));
        assertTrue(guest.vectors.size() <= 1);
    }

    @Test
    void shouldLetTheGuestEndInterruptsInTheAssistPage() {
        Guest guest = guest().write(HvMsr.VP_ASSIST_PAGE, ASSIST | 1);
        List<Integer> bits = new CopyOnWriteArrayList<>();
        guest.onInterrupt = () -> {
            bits.add(view().getInt(ASSIST));
            view().putInt(ASSIST, 0);
            return 1;
        };
        start();
        EventPort port = machine.partition.connections().createEventPort(1, new PortTarget(0, 0, 2), 0, 64);
        for (int i = 0; i < 3; i++) {
            int count = i + 1;
            port.signal(i);
            FakeMachine.await(() -> guest.vectors.size() == count);
        }
        assertEquals(List.of(1, 1, 1), bits);
    }

    @Test
    void shouldNotBeThereWithoutTheInterface() {
        machine.close();
        machine = FakeMachine.threaded(2);
        Guest guest = guest();
        start();
        assertTrue(guest.faulted);
        MessagePort port = machine.partition.connections().createMessagePort(1, new PortTarget(0, 0, 2));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, port.post(5, new byte[1]));
    }
}
