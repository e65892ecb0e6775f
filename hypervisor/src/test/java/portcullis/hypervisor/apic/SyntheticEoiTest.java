package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Interrupts that end by themselves or in the guest's memory (TLFS virtual-interrupts.md, "EOI Assist"; SINTx AutoEOI). */
class SyntheticEoiTest {
    private static final int EOI = 0xb0;
    private static final int ROUNDS = 200_000;

    private final ApicBench bench = ApicBench.single();
    private final LocalApic apic = bench.apic();
    private final Page page = new Page();
    private final List<Integer> ended = new ArrayList<>();

    /** The guest's bit. */
    private static final class Page implements EoiAssist {
        private boolean set;

        @Override
        public void offer() {
            set = true;
        }

        @Override
        public boolean offered() {
            return set;
        }

        @Override
        public boolean withdraw() {
            boolean was = set;
            set = false;
            return was;
        }

        /** What a guest does: BTR. @return whether the bit was set, so that it writes no EOI */
        boolean guestEnds() {
            return withdraw();
        }
    }

    private void request(int vector) {
        apic.receive(DeliveryMode.FIXED, vector, false);
    }

    private boolean inService(int vector) {
        return (bench.read(0x100 + (vector >>> 5) * 16) >>> (vector & 31) & 1) != 0;
    }

    /** As a guest ends an interrupt. */
    private void guestEnds() {
        if (!page.guestEnds()) {
            bench.write(EOI, 0);
        }
    }

    // AutoEOI

    @Test
    void shouldNotPutAnInterruptIntoServiceThatEndsByItself() {
        apic.setAutoEoi(0x40, true);
        request(0x40);
        request(0x41);
        assertEquals(0x41, bench.take(apic));
        assertEquals(LocalApic.NONE, bench.take(apic), "same class as the one in service");
        bench.write(EOI, 0);
        assertEquals(0x40, bench.take(apic));
        assertFalse(inService(0x40));
        request(0x31);
        assertEquals(0x31, bench.take(apic), "a lower one is not held up");
    }

    @Test
    void shouldTellTheControllerOfALevelTriggeredInterruptThatEndsByItself() {
        apic.setAutoEoi(0x40, true);
        apic.receive(DeliveryMode.FIXED, 0x40, true);
        assertEquals(0x40, bench.take(apic));
        assertEquals(List.of(0x40), bench.broadcasts);
    }

    @Test
    void shouldHaveInFlightInterruptsEndedByTheGuest() {
        request(0x40);
        bench.take(apic);
        apic.setAutoEoi(0x40, true);
        assertTrue(inService(0x40));
        bench.write(EOI, 0);
        assertFalse(inService(0x40));
    }

    @Test
    void shouldTellOfEndsThatTheGuestWrites() {
        apic.onEndOfInterrupt(ended::add);
        request(0x40);
        bench.take(apic);
        request(0x52);
        bench.take(apic);
        bench.write(EOI, 0);
        bench.write(EOI, 0);
        bench.write(EOI, 0);
        assertEquals(List.of(0x52, 0x40), ended);
    }

    // EOI assist

    @Test
    void shouldOfferAnEndInMemoryWhenNothingElseIsRequested() {
        apic.setEoiAssist(page);
        request(0x40);
        assertEquals(0x40, bench.take(apic));
        assertTrue(page.set);
        assertTrue(inService(0x40));
        assertTrue(page.guestEnds());
        assertFalse(inService(0x40), "whoever looks finds it ended");
    }

    @Test
    void shouldTakeTheNextInterruptAfterAnEndInMemory() {
        apic.setEoiAssist(page);
        for (int i = 0; i < 3; i++) {
            request(0x40);
            assertEquals(0x40, bench.take(apic));
            assertTrue(page.guestEnds());
            request(0x31);
            assertEquals(0x31, bench.take(apic));
            guestEnds();
            assertEquals(LocalApic.NONE, bench.take(apic));
        }
        assertFalse(inService(0x40));
    }

    @ParameterizedTest
    @ValueSource(ints = {0x31, 0x40, 0x41})
    void shouldTakeTheOfferBackWhenAnotherIsRequested(int later) {
        apic.setEoiAssist(page);
        request(0x40);
        bench.take(apic);
        request(later);
        assertEquals(LocalApic.NONE, bench.take(apic), "the first has not ended");
        assertFalse(page.set);
        guestEnds();
        assertEquals(later, bench.take(apic));
    }

    @Test
    void shouldNotOfferWhileALowerOneIsRequested() {
        apic.setEoiAssist(page);
        request(0x40);
        request(0x31);
        assertEquals(0x40, bench.take(apic));
        assertFalse(page.set);
        guestEnds();
        assertEquals(0x31, bench.take(apic));
        assertTrue(page.set);
    }

    @Test
    void shouldEndNestedInterruptsInTheirOrder() {
        apic.setEoiAssist(page);
        request(0x40);
        bench.take(apic);
        request(0x61);
        assertEquals(0x61, bench.take(apic));
        assertTrue(page.guestEnds(), "the inner one without EOI");
        assertFalse(page.guestEnds());
        bench.write(EOI, 0);
        assertFalse(inService(0x61));
        assertFalse(inService(0x40));
    }

    @ParameterizedTest(name = "level {0}, auto-EOI {1}")
    @CsvSource({"true, false", "false, true"})
    void shouldOfferForEdgesThatStayInServiceOnly(boolean level, boolean automatic) {
        apic.setEoiAssist(page);
        apic.setAutoEoi(0x40, automatic);
        apic.receive(DeliveryMode.FIXED, 0x40, level);
        assertEquals(0x40, bench.take(apic));
        assertFalse(page.set);
    }

    @Test
    void shouldAcceptAPlainEndDespiteTheOffer() {
        apic.setEoiAssist(page);
        apic.onEndOfInterrupt(ended::add);
        request(0x40);
        bench.take(apic);
        bench.write(EOI, 0);
        assertFalse(page.set);
        assertFalse(inService(0x40));
        assertEquals(List.of(0x40), ended);
    }

    @Test
    void shouldSettleBeforeThePageGoes() {
        apic.setEoiAssist(page);
        request(0x40);
        bench.take(apic);
        apic.setEoiAssist(null);
        assertFalse(page.set);
        assertTrue(inService(0x40));
        bench.write(EOI, 0);
        request(0x40);
        bench.take(apic);
        assertFalse(page.set);

        bench.write(EOI, 0);
        apic.setEoiAssist(page);
        request(0x40);
        bench.take(apic);
        page.guestEnds();
        apic.settleLazyEoi();
        assertFalse(inService(0x40));
    }

    @Test
    void shouldSeeTheEndInMemoryWhenTheExternalInterruptThatWasToldOfHasGone() {
        apic.setEoiAssist(page);
        bench.write(0x350, DeliveryMode.EXTERNAL.ordinal() << 8);
        request(0x40);
        bench.take(apic);
        assertTrue(page.guestEnds());
        boolean[] pending = {true};
        apic.connect(new ExternalInterruptController() {
            @Override
            public boolean pending() {
                return pending[0];
            }

            @Override
            public int acknowledge() {
                throw new AssertionError("nothing is pending any more");
            }
        });
        apic.lint0(true);
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
        pending[0] = false;
        request(0x61);
        assertEquals(0x61, apic.acknowledge());
        guestEnds();
        assertFalse(inService(0x61));
        assertFalse(inService(0x40));
    }

    /**
     * Another thread's request may come at any point of the processor's looking: an end in memory that went unseen would leave its
     * vector in service for ever, and everything of its priority waiting.
     */
    @Test
    void shouldLoseNoEndInMemoryWhileOthersRequest() throws InterruptedException {
        apic.setEoiAssist(page);
        AtomicInteger round = new AtomicInteger();
        Thread other = Thread.ofPlatform().daemon().start(() -> {
            for (int i = 1; i <= ROUNDS; i++) {
                while (round.get() < i) {
                    Thread.onSpinWait();
                }
                request(0xfd);
            }
        });
        int lost = 0;
        for (int i = 1; i <= ROUNDS; i++) {
            request(0xed);
            bench.take(apic);
            assertTrue(page.guestEnds());
            round.set(i);
            while (bench.take(apic) == LocalApic.NONE) {
                Thread.onSpinWait();
            }
            guestEnds();
            if (inService(0xed)) {
                lost++;
                bench.write(EOI, 0);
            }
        }
        other.join();
        assertEquals(0, lost, "ends that went unseen");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldForgetTheOfferAtReset(boolean init) {
        apic.setEoiAssist(page);
        request(0x40);
        bench.take(apic);
        if (init) {
            apic.init();
        } else {
            apic.reset();
        }
        assertFalse(page.set);
        bench.enable();
        request(0x40);
        assertEquals(0x40, bench.take(apic));
        assertTrue(inService(0x40));
    }
}
