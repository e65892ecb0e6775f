package portcullis.hypervisor.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class InhibitHoldersTest {
    private static final InhibitReason REASON = InhibitReason.INTERCEPT;

    private final InhibitHolders holders = new InhibitHolders();
    private int lifts;

    private int remove(InhibitReason reason, int vp, int level) {
        return holders.remove(reason, vp, level, () -> lifts++);
    }

    @Test
    void shouldLiftWithTheLastHolder() {
        holders.add(REASON, 0, 1);
        holders.add(REASON, 0, 2);
        holders.add(REASON, 3, 1);
        assertEquals(0, remove(REASON, 3, 1));
        assertEquals(0, remove(REASON, 0, 2));
        assertEquals(0, lifts);
        assertEquals(FlushPass.NONE, remove(REASON, 0, 1));
        assertEquals(1, lifts);
    }

    @Test
    void shouldNameAVpThroughWhichItIsStillHeld() {
        holders.add(REASON, 0, 1);
        holders.add(REASON, 5, 2);
        assertEquals(5, remove(REASON, 0, 1));
        assertTrue(holders.has(REASON, 5, 2));
        assertFalse(holders.has(REASON, 0, 1));
    }

    @Test
    void shouldLookAtOneReasonAlone() {
        holders.add(InhibitReason.TLB_LOCKED_BY_1, 0, 1);
        holders.add(REASON, 0, 1);
        assertEquals(FlushPass.NONE, remove(REASON, 0, 1));
        assertEquals(1, lifts);
        assertTrue(holders.has(InhibitReason.TLB_LOCKED_BY_1, 0, 1));
    }

    @Test
    void shouldEndWhatLowerLevelsHoldAndKeepAHigherOnes() {
        holders.add(REASON, 0, 1);
        holders.add(REASON, 3, 1);
        holders.add(REASON, 4, 2);
        holders.add(InhibitReason.TLB_LOCKED_BY_1, 0, 1);
        assertEquals(4, holders.removeUpTo(REASON, 1, () -> lifts++));
        assertEquals(0, lifts);
        assertFalse(holders.has(REASON, 0, 1) || holders.has(REASON, 3, 1));
        assertTrue(holders.has(InhibitReason.TLB_LOCKED_BY_1, 0, 1));
        assertEquals(FlushPass.NONE, holders.removeUpTo(REASON, 2, () -> lifts++));
        assertEquals(1, lifts);
    }

    /** Somebody has cleared it meanwhile, and nobody has come: whoever leaves makes sure that it is over. */
    @Test
    void shouldLiftWhatNobodyHolds() {
        holders.add(REASON, 0, 1);
        holders.removeAll(REASON.bit(), () -> lifts++);
        assertEquals(1, lifts);
        assertEquals(FlushPass.NONE, remove(REASON, 0, 1));
        assertEquals(2, lifts);
    }

    /** Somebody has cleared it, and another has come: that one keeps it. */
    @Test
    void shouldKeepWhatAnotherHasTakenSince() {
        holders.add(REASON, 0, 1);
        holders.removeAll(InhibitReason.ALL, () -> lifts++);
        holders.add(REASON, 1, 1);
        assertEquals(1, remove(REASON, 0, 1));
        assertEquals(1, lifts);
    }
}
