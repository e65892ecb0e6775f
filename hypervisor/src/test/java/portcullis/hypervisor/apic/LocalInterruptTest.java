package portcullis.hypervisor.apic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The LINT pins and the 8259 behind them. */
class LocalInterruptTest {
    private static final int LINT0 = 0x350;
    private static final int LINT1 = 0x360;

    private final ApicBench bench = ApicBench.single();
    private final LocalApic apic = bench.apic();
    private final FakePic pic = new FakePic();

    /** Asserts INTR while it has a request. */
    private final class FakePic implements ExternalInterruptController {
        private int vector = -1;

        void raise(int requested) {
            vector = requested;
            apic.lint0(true);
        }

        @Override
        public boolean pending() {
            return vector >= 0;
        }

        @Override
        public int acknowledge() {
            int taken = vector;
            vector = -1;
            apic.lint0(false);
            return taken;
        }
    }

    @Test
    void shouldTakeVectorsFromThe8259InVirtualWireMode() {
        apic.connect(pic);
        apic.enterVirtualWireMode();
        pic.raise(0x08);
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
        assertEquals(0x08, apic.acknowledge());
        assertEquals(LocalApic.NONE, apic.deliverable());
        assertEquals(0, bench.read(0x100), "not in service at the APIC");
    }

    @Test
    void shouldLet8259ThroughWhateverTheTaskPriority() {
        apic.connect(pic);
        bench.write(LINT0, 0x700);
        apic.setTaskPriorityClass(15);
        pic.raise(0x20);
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
    }

    @Test
    void shouldHold8259WhilePinIsMasked() {
        apic.connect(pic);
        pic.raise(0x20);
        assertEquals(LocalApic.NONE, apic.deliverable());
        bench.signals.getFirst().clear();
        bench.write(LINT0, 0x700);
        assertTrue(bench.signals.getFirst().contains(ApicOwner.Signal.INTERRUPT));
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
    }

    @Test
    void shouldConnect8259DirectlyWhileDisabled() {
        apic.connect(pic);
        apic.writeBase(0xfee00000L);
        pic.raise(0x20);
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
        assertEquals(0x20, apic.acknowledge());
    }

    @Test
    void shouldPreferThe8259AndKeepItsOwn() {
        apic.connect(pic);
        bench.write(LINT0, 0x700);
        apic.receive(DeliveryMode.FIXED, 0x91, false);
        pic.raise(0x20);
        assertEquals(0x20, apic.acknowledge());
        assertEquals(0x91, apic.deliverable());
    }

    @Test
    void shouldTakeExternalMessagesFromAnIoApic() {
        apic.connect(pic);
        pic.vector = 0x20;
        bench.fabric.deliver(0xfee00000L, 0x700);
        assertEquals(LocalApic.EXTERNAL, apic.deliverable());
        assertEquals(0x20, apic.acknowledge());
        assertEquals(LocalApic.NONE, apic.deliverable());
    }

    @Test
    void shouldDeliverEdgesInFixedMode() {
        bench.write(LINT0, 0x61);
        apic.lint0(true);
        apic.lint0(true);
        assertEquals(0x61, bench.take(apic));
        bench.write(0xb0, 0);
        assertEquals(LocalApic.NONE, apic.deliverable());
        apic.lint0(false);
        apic.lint0(true);
        assertEquals(0x61, bench.take(apic));
    }

    @Test
    void shouldRepeatLevelUntilItIsReleased() {
        bench.write(LINT0, 0x8061);
        apic.lint0(true);
        assertEquals(0xc061, bench.read(LINT0), "remote IRR");
        assertEquals(0x61, bench.take(apic));
        bench.write(0xb0, 0);
        assertEquals(0x61, bench.take(apic), "still asserted");
        apic.lint0(false);
        bench.write(0xb0, 0);
        assertEquals(LocalApic.NONE, apic.deliverable());
        assertEquals(0x8061, bench.read(LINT0));
        assertTrue(bench.broadcasts.isEmpty(), "no I/O APIC is concerned");
    }

    @Test
    void shouldDeliverNmiThroughLint1() {
        apic.lint1(true);
        assertEquals(0, apic.takeNmis(), "masked after reset");
        apic.lint1(false);
        bench.write(LINT1, 0x400);
        apic.lint1(true);
        assertEquals(1, apic.takeNmis());
        apic.lint1(true);
        assertEquals(0, apic.takeNmis());
    }

    @Test
    void shouldDeliverInitThroughPin() {
        bench.write(LINT1, 0x500);
        apic.lint1(true);
        assertTrue(apic.takeInit());
        assertFalse(apic.takeInit());
    }
}
