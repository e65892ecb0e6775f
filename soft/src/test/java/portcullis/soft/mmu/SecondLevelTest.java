package portcullis.soft.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import portcullis.memory.GuestMemory;

/** The second-level TLB alone: what guests do not come by in a test's time. */
class SecondLevelTest {
    private static final long LINEAR = 0x40400000L;
    private static final long PHYSICAL = 0x800000L;

    private final GuestMemory memory = new GuestMemory(32);
    private final PageWalker walker = new PageWalker(memory, 32);
    private final Tlb tlb = new Tlb();

    @AfterEach
    void close() {
        memory.close();
    }

    private void insert(long la, int shift, int pcid, boolean global) {
        walker.gpa = PHYSICAL + (la & (1L << shift) - 1);
        walker.pageShift = shift;
        walker.global = global;
        tlb.insert(la, pcid, walker);
    }

    /** 4 MiB pages are cached as two halves; either address drops both (SDM 4.10.4.1). */
    @ParameterizedTest
    @ValueSource(longs = {0, 0x1ff000, 0x200000, 0x3ff000})
    void shouldDropBothHalvesOfA4MiBPage(long offset) {
        insert(LINEAR, 22, 0, false);
        insert(LINEAR + 0x200000, 22, 0, false);
        assertFalse(tlb.flushPage(LINEAR - 1, 0, true));
        assertFalse(tlb.flushPage(LINEAR + 0x400000, 0, true));
        assertTrue(tlb.lookup(LINEAR + 0x3000, 0));
        assertEquals(PHYSICAL + 0x3000, tlb.page());
        assertTrue(tlb.lookup(LINEAR + 0x203000, 0));
        assertTrue(tlb.flushPage(LINEAR + offset, 0, true));
        assertFalse(tlb.lookup(LINEAR, 0));
        assertFalse(tlb.lookup(LINEAR + 0x200000, 0));
    }

    @Test
    void shouldNotBringEntriesBackWhenItsCountersComeRound() {
        tlb.enter(3, 0x1000);
        insert(LINEAR, 12, 3, false);
        insert(LINEAR + 0x200000, 21, 3, true);
        for (int i = 0; i < 1 << 20; i++) {
            tlb.flushAll();
            assertFalse(tlb.lookup(LINEAR, 3));
            assertFalse(tlb.lookup(LINEAR + 0x200000, 3));
        }
    }

    @Test
    void shouldSayWherePartsOfLostLargePagesMayBeCachedStill() {
        insert(LINEAR, 21, 0, false);
        assertFalse(tlb.displacedNear(LINEAR));
        insert(LINEAR + (2L << 30), 21, 0, false);
        assertTrue(tlb.displacedNear(LINEAR + 0x5000));
        assertFalse(tlb.displacedNear(LINEAR + (2L << 30)));
        tlb.firstLevelForgotten();
        assertFalse(tlb.displacedNear(LINEAR));
    }
}
