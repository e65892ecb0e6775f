package portcullis.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.Register;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.memory.Protection;
import portcullis.tlfs.HvMsr;

/** HvExtCallGetBootZeroedMemory: what it tells of reads as zeroes, and is nobody's secret. */
class ZeroedMemoryTest {
    private static final long OUTPUT = Layout.PLAYGROUND;
    private static final int ANSWER = 4088;

    private final Bench bench = new Bench(Variant.LEVELS);
    private final Caller caller = new Caller(bench.machine().vps.getFirst());
    private final MemoryView view = bench.machine().memory.view(0);

    @AfterEach
    void close() {
        bench.close();
    }

    private boolean told(long gpa) {
        caller.vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 1);
        caller.prepare();
        caller.cpu.set(Register.RIP, Layout.VMCALL);
        caller.cpu.set(Register.RCX, CallTable.EXT_BOOT_ZEROED);
        caller.cpu.set(Register.R8, OUTPUT);
        caller.vp.turn();
        assertEquals(0, caller.cpu.get(Register.RAX));
        long count = view.getLong(OUTPUT);
        assertTrue(count <= 255 && ANSWER == 8 + 255 * 16);
        for (int i = 0; i < count; i++) {
            long first = view.getLong(OUTPUT + 8 + i * 16L) << 12;
            if (gpa >= first && gpa < first + (view.getLong(OUTPUT + 16 + i * 16L) << 12)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void shouldTellOfPagesThatNobodyHasWritten() {
        assertTrue(told(Layout.ISLAND));
        assertFalse(told(OUTPUT));
        assertFalse(told(Layout.ROM));
        bench.machine().memory.putByte(Layout.ISLAND, (byte) 0);
        assertFalse(told(Layout.ISLAND), "written to, whatever with");
    }

    @Test
    void shouldNotTellOfPagesUnderAnOverlay() {
        OverlayPage page = bench.machine().memory.newOverlay(true);
        page.putLong(0, 7);
        view.place(page, Layout.ISLAND);
        assertFalse(told(Layout.ISLAND));
        assertTrue(told(Layout.ISLAND + Layout.PAGE));
        view.remove(page);
        assertTrue(told(Layout.ISLAND));
    }

    @Test
    void shouldNotTellWhetherAHigherLevelHasWrittenToWhatItHides() {
        view.protect(1, Layout.ISLAND, 1, 0);
        assertFalse(told(Layout.ISLAND));
        view.protect(1, Layout.ISLAND, 1, Protection.ALL);
        assertTrue(told(Layout.ISLAND));
    }
}
