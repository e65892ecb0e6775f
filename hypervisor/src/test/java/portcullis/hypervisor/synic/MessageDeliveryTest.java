package portcullis.hypervisor.synic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static portcullis.hypervisor.synic.SynicBench.VECTOR;
import static portcullis.hypervisor.synic.SynicBench.message;
import static portcullis.hypervisor.synic.SynicBench.slot;

import java.lang.invoke.VarHandle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.memory.GuestMemory;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvStatus;

/** TLFS inter-partition-communication.md, "Messages". */
class MessageDeliveryTest {
    private final SynicBench bench = SynicBench.enabled();
    private final Synic synic = bench.synic();
    private final MessageBuffers buffers = new MessageBuffers(16);

    @AfterEach
    void close() {
        bench.close();
    }

    private int post(int sint, long number) {
        return synic.post(sint, message(number), buffers);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 15})
    void shouldFillTheSlotAndInterrupt(int sint) {
        byte[] payload = new byte[240];
        for (int i = 0; i < payload.length; i++) {
            payload[i] = (byte) (i + 1);
        }
        assertEquals(
                HvStatus.SUCCESS,
                synic.post(sint, new SynicMessage(0x1234_5678, 0x1122_3344_5566_7788L, payload), buffers));
        assertEquals(VECTOR + sint, bench.interrupt());
        assertEquals(0x1234_5678, bench.type(sint));
        assertEquals(240, bench.payloadSize(sint));
        assertFalse(bench.pending(sint));
        assertEquals(0, bench.view.getShort(slot(sint) + 6));
        assertEquals(0x1122_3344_5566_7788L, bench.view.getLong(slot(sint) + 8));
        for (int i = 0; i < payload.length; i++) {
            assertEquals(payload[i], bench.view.getByte(slot(sint) + 16 + i));
        }
        assertEquals(0, buffers.used());
    }

    @Test
    void shouldDeliverTheNextMessageAtEndOfMessage() {
        post(2, 10);
        assertEquals(VECTOR + 2, bench.interrupt());
        assertEquals(HvStatus.SUCCESS, post(2, 11));
        assertEquals(HvStatus.SUCCESS, post(2, 12));
        assertEquals(LocalApic.NONE, bench.interrupt(), "the slot is busy");
        assertTrue(bench.pending(2));
        assertEquals(2, buffers.used());
        bench.endOfMessage();
        assertEquals(LocalApic.NONE, bench.interrupt(), "still busy");

        assertEquals(10, bench.consume(2));
        bench.endOfMessage();
        assertEquals(VECTOR + 2, bench.interrupt());
        assertTrue(bench.pending(2), "one more");
        assertEquals(11, bench.consume(2));
        bench.endOfMessage();
        assertEquals(VECTOR + 2, bench.interrupt());
        assertFalse(bench.pending(2), "the last");
        assertEquals(12, bench.consume(2));
        bench.endOfMessage();
        assertEquals(LocalApic.NONE, bench.interrupt());
        assertEquals(0, buffers.used());
    }

    @Test
    void shouldDeliverTheNextMessageWhenAnotherIsQueued() {
        post(2, 10);
        post(2, 11);
        bench.consume(2);
        post(2, 12);
        assertEquals(11, bench.consume(2));
    }

    @Test
    void shouldDeliverTheNextMessageAtEndOfInterrupt() {
        post(2, 10);
        post(2, 11);
        post(3, 20);
        post(3, 21);
        bench.consume(3);
        LocalApic apic = bench.apic();
        assertEquals(VECTOR + 3, apic.acknowledge());
        bench.consume(2);
        apic.endOfInterrupt();
        assertEquals(21, bench.payload(3, 0));
        assertEquals(0, bench.type(2), "another vector's end");
        assertEquals(VECTOR + 3, bench.interrupt());
        assertEquals(VECTOR + 2, bench.interrupt());
        assertEquals(11, bench.payload(2, 0));
    }

    @Test
    void shouldBoundWhatWaits() {
        for (int i = 0; i < 17; i++) {
            assertEquals(HvStatus.SUCCESS, post(1, i), "the first is in its slot, 16 wait");
        }
        assertEquals(HvStatus.INSUFFICIENT_BUFFERS, post(1, 17));
        assertEquals(HvStatus.INSUFFICIENT_BUFFERS, post(2, 17), "the buffers are the sender's");
        assertEquals(HvStatus.SUCCESS, synic.post(2, message(1), new MessageBuffers(1)));
        bench.consume(1);
        bench.endOfMessage();
        assertEquals(HvStatus.SUCCESS, post(1, 17));
        for (int i = 1; i <= 17; i++) {
            assertEquals(i, bench.consume(1));
            bench.endOfMessage();
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"SynIC off, 40000080, 0", "message page off, 40000083, 10000"})
    void shouldRefuseMessagesWhile(String name, String msr, String value) {
        bench.write(Integer.parseInt(msr, 16), Long.parseLong(value, 16));
        assertFalse(synic.takesMessages());
        assertEquals(HvStatus.INVALID_SYNIC_STATE, post(2, 1));
        assertEquals(0, buffers.used());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"SynIC off, 40000080, 0, 1", "message page off, 40000083, 10000, 10001"})
    void shouldKeepWhatIsQueuedWhile(String name, String msr, String off, String on) {
        post(2, 1);
        post(2, 2);
        bench.interrupt();
        int number = Integer.parseInt(msr, 16);
        bench.consume(2);
        bench.write(number, Long.parseLong(off, 16));
        bench.endOfMessage();
        assertEquals(LocalApic.NONE, bench.interrupt());
        bench.write(number, Long.parseLong(on, 16));
        assertEquals(VECTOR + 2, bench.interrupt());
        assertEquals(2, bench.consume(2));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"masked, 10082", "polling, 40082", "masked and polling, 50082"})
    void shouldDeliverWithoutInterruptWhile(String name, String sint) {
        bench.write(HvMsr.SINT0 + 2, Long.parseLong(sint, 16));
        assertEquals(HvStatus.SUCCESS, post(2, 5));
        assertEquals(LocalApic.NONE, bench.interrupt());
        assertEquals(5, bench.consume(2));
        bench.write(HvMsr.SINT0 + 2, 0x82);
        assertEquals(LocalApic.NONE, bench.interrupt(), "lost");
    }

    @Test
    void shouldLoseTheInterruptWhileTheLocalApicIsOff() {
        bench.apic().writePage(0xf0, 4, 0xff);
        post(2, 5);
        bench.apic().writePage(0xf0, 4, 0x1ff);
        assertEquals(LocalApic.NONE, bench.interrupt());
        assertEquals(5, bench.consume(2));
    }

    @Test
    void shouldSeeThatTheGuestItselfHasFilledTheSlot() {
        bench.view.putInt(slot(4), 0x99);
        post(4, 5);
        assertTrue(bench.pending(4));
        assertEquals(0x99, bench.type(4));
        bench.consume(4);
        bench.endOfMessage();
        assertEquals(5, bench.consume(4));
    }

    @Test
    void shouldForgetEverythingAtReset() {
        post(2, 1);
        post(2, 2);
        synic.reset();
        assertEquals(0, buffers.used());
        bench.apic().reset();
        bench.apic().writePage(0xf0, 4, 0x1ff);
        bench.enable(0);
        assertEquals(0, bench.type(2), "the page is zero");
        assertEquals(0, bench.payload(2, 0));
        assertEquals(LocalApic.NONE, bench.interrupt());
    }

    @Test
    void shouldDropWhatWaitsInBuffersThatAreGone() {
        MessageBuffers others = new MessageBuffers(16);
        post(2, 1);
        post(2, 2);
        synic.post(2, message(3), others);
        post(2, 4);
        buffers.close();
        synic.discard(buffers);
        assertEquals(HvStatus.INVALID_PORT_ID, post(2, 5));
        assertEquals(1, bench.consume(2), "what was delivered is the guest's");
        bench.endOfMessage();
        assertEquals(3, bench.consume(2));
        assertFalse(bench.pending(2));
    }

    @Test
    void shouldRefuseMessagesThatCannotBe() {
        assertThrows(IllegalArgumentException.class, () -> new SynicMessage(0, 0, new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> new SynicMessage(1, 0, new byte[241]));
        assertThrows(IllegalArgumentException.class, () -> post(16, 1));
        assertThrows(IllegalArgumentException.class, () -> post(-1, 1));
    }

    /** The guest looks at MessagePending after it has emptied the slot, we at the slot after we have set the flag. */
    @Test
    void shouldNeverLeaveAMessageBehindThatTheGuestIsNotToldOf() throws InterruptedException {
        int count = 20_000;
        Thread sender = new Thread(() -> {
            for (int i = 1; i <= count; ) {
                if (post(5, i) == HvStatus.SUCCESS) {
                    i++;
                } else {
                    Thread.yield();
                }
            }
        });
        bench.write(HvMsr.SINT0 + 5, 0x50000);
        sender.setDaemon(true);
        sender.start();
        for (int i = 1; i <= count; i++) {
            while (bench.type(5) == 0) {
                Thread.yield();
            }
            assertEquals(i, bench.consume(5));
            VarHandle.fullFence();
            if (bench.pending(5)) {
                bench.endOfMessage();
            }
        }
        sender.join();
        assertEquals(0, buffers.used());
    }

    /**
     * The guest has seen that more waits, and says by EOI that the slot is empty, before the message lies in its queue: the EOI waits for
     * that, and is not taken for one that nothing waits for.
     */
    @Test
    void shouldNotOverlookAnEndOfInterruptWhileAMessageIsOnItsWay() throws InterruptedException {
        post(2, 10);
        assertEquals(VECTOR + 2, bench.apic().acknowledge());
        Thread guest = new Thread(bench.apic()::endOfInterrupt);
        boolean[] waits = new boolean[1];
        long slot = bench.view.resolve(slot(2));
        bench.memory.updatePageFlags(slot, GuestMemory.PAGE_CODE, 0);
        // Told of the store that sets the flag, on the thread that posts.
        bench.memory.setCodeWriteListener((address, length) -> {
            guest.start();
            while (guest.isAlive() && guest.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            waits[0] = guest.isAlive();
        });
        post(2, 11);
        bench.memory.setCodeWriteListener((address, length) -> {});
        guest.join();
        assertTrue(waits[0]);
    }
}
