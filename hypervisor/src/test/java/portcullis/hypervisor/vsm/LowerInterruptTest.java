package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.tlfs.register.VpStateRegisters.InternalActivity;
import portcullis.tlfs.register.VsmRegisters.VsmVina;

/** When a level that waits for interrupts of lower ones is told of them (TLFS vsm.md, "Virtual Interrupt Notification Assist"). */
class LowerInterruptTest {
    private static final int NOTIFICATION = 0x60;
    private static final int VECTOR = 0x41;
    private static final long ASSIST_PAGE = 0x40000;

    private final LevelBench bench = new LevelBench(2, false);
    private final VirtualProcessor vp = bench.vp(0);

    @BeforeEach
    void waitInLevelOne() {
        vp.context(0).apic().enable();
        bench.cpu().setInterruptsEnabled(true);
        bench.enable(0, 1);
        assertTrue(vp.context(1).assistPage().setRegister(ASSIST_PAGE | 1));
        bench.config(1).setVina(VsmVina.ENABLED | NOTIFICATION);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void enterAndHalt() {
        bench.runIn(1);
        bench.cpu().setInterruptsEnabled(false);
        vp.context(1).setActivityBits(InternalActivity.HALT_SUSPEND);
        assertEquals(Activity.HALTED, vp.context(1).activity());
    }

    private void interruptLower() {
        vp.context(0).apic().receive(DeliveryMode.FIXED, VECTOR, false);
        vp.turn();
    }

    /** What could not enter a level before its VP had been started does so then. */
    @Test
    void shouldEnterForAnInterruptThatCameBeforeTheProcessorWasStarted() {
        vp.context(0).setActivityBits(InternalActivity.STARTUP_SUSPEND);
        vp.context(1).apic().receive(DeliveryMode.FIXED, VECTOR, false);
        vp.turn();
        assertEquals(0, bench.active());
        vp.context(0).setActivityBits(0);
        vp.lookForInterrupts(0);
        vp.turn();
        assertEquals(1, bench.active());
    }

    private boolean notified() {
        return vp.context(1).apic().deliverable() == NOTIFICATION;
    }

    @Test
    void shouldTellOfAnInterruptThatComes() {
        enterAndHalt();
        assertFalse(notified());
        interruptLower();
        assertTrue(notified());
    }

    /** A level that is suspended at a gate takes no interrupt; one that came meanwhile it takes when the gate opens. */
    @Test
    void shouldTellOfAnInterruptThatCameWhileTheLevelWasSuspended() {
        VtlContext lower = vp.context(0);
        bench.vp(1).inhibitFlushes(0);
        assertEquals(Entry.SUSPENDED, lower.flushPass().enter(new long[] {1 << 1}));
        enterAndHalt();
        interruptLower();
        assertEquals(LocalApic.NONE, vp.context(1).apic().deliverable());
        bench.vp(1).liftFlushInhibit(0);
        vp.turn();
        assertTrue(notified());
    }
}
