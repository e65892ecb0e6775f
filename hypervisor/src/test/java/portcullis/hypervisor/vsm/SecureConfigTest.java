package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.tlfs.register.VsmRegisters.VsmVina;

class SecureConfigTest {
    private static final int VECTOR = 0x62;

    private final LocalApic apic = new LocalApic(
            0,
            true,
            new ApicFeatures(true, true, 40),
            new VirtualAlarms(new VirtualClock(1)),
            new InterruptFabric(),
            signal -> {});

    /** A level that is enabled anew after a reset ends its interrupts itself, whatever vector the one before was notified by. */
    @Test
    void shouldForgetWhichVectorEndsByItself() {
        SecureConfig config = new SecureConfig();
        config.setVina(VsmVina.ENABLED | VsmVina.AUTO_EOI | VECTOR);
        apic.setAutoEoi(VECTOR, true);
        config.reset(apic);
        assertFalse(config.vina().enabled());
        apic.enable();
        apic.receive(DeliveryMode.FIXED, VECTOR, false);
        assertEquals(VECTOR, apic.acknowledge());
        apic.receive(DeliveryMode.FIXED, VECTOR, false);
        assertEquals(LocalApic.NONE, apic.deliverable(), "it is in service");
        apic.endOfInterrupt();
        assertEquals(VECTOR, apic.deliverable());
    }
}
