package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.hypervisor.synic.SynicBench.VECTOR;
import static portcullis.hypervisor.synic.SynicBench.message;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.state.StateException;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

class SynicStateTest {
    private static final int SINT2 = 2 << 16;
    private static final PortTarget TARGET = new PortTarget(0, 0, 2);

    private final SynicBench before = SynicBench.enabled();
    private final SynicBench after = new SynicBench(1);

    @AfterEach
    void close() {
        before.close();
        after.close();
    }

    private static byte[] state(SynicBench bench) {
        StateWriter out = new StateWriter();
        bench.synic().save(out);
        return out.toBytes();
    }

    /** Also what is others' to restore: where the pages lie. */
    private void restore() {
        after.timeIs(before.now());
        restore(state(before));
        StateWriter view = new StateWriter();
        before.view.save(view);
        after.view.restore(new StateReader("view", 1, view.toBytes()));
    }

    private void restore(byte[] state) {
        StateReader in = new StateReader("synic", 1, state);
        after.synic().restore(in, after.connections);
        in.finish();
    }

    @Test
    void shouldGoOnWithTimersAndMessages() {
        MessagePort port = before.connections.createMessagePort(9, TARGET);
        for (int i = 0; i < 3; i++) {
            port.post(1, message(i).payload());
        }
        before.synic().post(2, message(3), new MessageBuffers(16));
        before.timeIs(1000);
        before.write(HvMsr.STIMER0_COUNT, 1500);
        before.write(HvMsr.STIMER0_CONFIG, SINT2 | 1);
        before.write(HvMsr.STIMER1_COUNT, 700);
        before.write(HvMsr.STIMER1_CONFIG, SINT2 | 3);
        before.timeIs(1600);
        before.synic().signal(5, 77);

        MessagePort again = after.connections.createMessagePort(9, TARGET);
        restore();
        for (int msr = HvMsr.SCONTROL; msr <= HvMsr.STIMER3_COUNT; msr++) {
            assertEquals(before.read(msr), after.read(msr), "MSR 0x%x".formatted(msr));
        }
        assertEquals(1L << 13, after.flags(5, 1));
        assertEquals(2, again.buffers().used());
        assertEquals(LocalApic.NONE, after.interrupt(), "what was requested is in the local APIC's state");
        for (int i = 0; i < 4; i++) {
            assertEquals(i, after.consume(2));
            assertTrue(after.pending(2));
            after.endOfMessage();
            assertEquals(VECTOR + 2, after.interrupt());
        }
        assertEquals(0, again.buffers().used());
        assertEquals(1500, after.payload(2, 1));
        after.timeIs(1700);
        after.consume(2);
        after.endOfMessage();
        assertEquals(1700, after.payload(2, 1));
        after.timeIs(2400);
        after.consume(2);
        after.endOfMessage();
        assertEquals(2400, after.payload(2, 1));
    }

    @Test
    void shouldKeepMessagesOfPortsThatAreThereNoMore() {
        MessagePort port = before.connections.createMessagePort(9, TARGET);
        port.post(1, message(1).payload());
        port.post(1, message(2).payload());
        restore();
        after.consume(2);
        after.endOfMessage();
        assertEquals(2, after.consume(2));
    }

    @Test
    void shouldKeepVectorsThatEndByThemselves() {
        before.write(HvMsr.SINT0 + 4, 0x20030);
        restore();
        assertTrue(after.synic().assertSint(4));
        assertEquals(0x30, after.apic().acknowledge());
        assertEquals(0, after.apic().readPage(0x110, 4));
    }

    @Test
    void shouldKeepPagesThatAreDisabled() {
        before.view.putLong(SynicBench.MESSAGES + 0x800, 5);
        before.write(HvMsr.SIMP, 0);
        restore();
        after.write(HvMsr.SIMP, 0x30001);
        assertEquals(5, after.view.getLong(0x30800));
    }

    @Test
    void shouldSaveWhatIsNotThere() {
        try (SynicBench fresh = new SynicBench(1)) {
            restore(state(fresh));
        }
        assertEquals(0, after.read(HvMsr.SIMP));
        assertEquals(HvStatus.INVALID_SYNIC_STATE, after.synic().signal(1, 1));
    }

    @Test
    void shouldRefuseStatesThatCannotBe() {
        List<TimerState> timers = Collections.nCopies(4, new TimerState(0, 0, false, 0, 0, false, 0));
        List<List<SynicState.Waiting>> queues = Collections.nCopies(16, List.of());
        List<List<SynicState.Waiting>> stray = Collections.nCopies(16, List.of(new SynicState.Waiting.Timer(1)));
        TimerState queued = new TimerState(SINT2, 1, false, 0, 0, true, 1);
        refuse(new long[15], timers, queues);
        refuse(new long[16], timers.subList(1, 4), queues);
        refuse(new long[16], timers, queues.subList(1, 16));
        refuse(new long[16], timers, stray);
        refuse(new long[16], Collections.nCopies(4, queued), queues);
        assertThrows(IllegalArgumentException.class, () -> new SynicState.Waiting.Timer(4));
    }

    private static void refuse(long[] sources, List<TimerState> timers, List<List<SynicState.Waiting>> queues) {
        assertThrows(IllegalArgumentException.class, () -> new SynicState(1, 0, 0x10001, sources, timers, queues));
    }

    @Test
    void shouldRefuseDamagedState() {
        byte[] good = state(before);
        for (int at = 0; at < good.length; at++) {
            byte[] shorter = java.util.Arrays.copyOf(good, at);
            assertThrows(StateException.class, () -> restore(shorter));
        }
        // The page that SIMP has enabled is not there.
        byte[] pageless = good.clone();
        pageless[0] = 0;
        assertThrows(StateException.class, () -> restore(pageless));
    }
}
