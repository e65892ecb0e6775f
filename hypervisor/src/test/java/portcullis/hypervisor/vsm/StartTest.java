package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.Register;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext.Activity;

/** Starting a VP in one of its levels, whichever is active. */
class StartTest {
    private final LevelBench bench = new LevelBench(2, true);
    /** Waits to be started, and has every level. */
    private final VirtualProcessor vp = bench.vp(1);

    StartTest() {
        bench.enable(1, 1);
        bench.enable(1, 2);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private boolean start(int level) {
        return vp.start(level, cpu -> cpu.set(Register.RIP, 0x1000 * (level + 1)));
    }

    @Test
    void shouldStartALowerLevelWhileAHigherOneRuns() {
        assertTrue(start(1));
        assertEquals(1, vp.context().level());
        assertTrue(start(0));
        assertEquals(1, vp.context().level(), "it goes on");
        assertEquals(0x2000, vp.cpu().get(Register.RIP));
        assertEquals(Activity.RUNNING, vp.context(0).activity());
        assertFalse(start(0), "once");
        vp.levels().leave(true);
        assertEquals(0, vp.context().level());
        assertEquals(0x1000, vp.cpu().get(Register.RIP));
    }

    @Test
    void shouldStartALevelBetween() {
        assertTrue(start(2));
        assertTrue(start(1));
        assertTrue(start(0));
        assertEquals(2, vp.context().level());
        vp.levels().leave(true);
        assertEquals(0x2000, vp.cpu().get(Register.RIP));
        vp.levels().leave(true);
        assertEquals(0x1000, vp.cpu().get(Register.RIP));
    }

    @Test
    void shouldStartAHigherLevelOnlyWhereNothingRuns() {
        assertTrue(start(1));
        assertFalse(start(2), "level 1 runs");
        vp.levels().leave(true);
        assertTrue(start(2), "it has returned, and level 0 waits");
        assertFalse(start(1), "it has begun before");
    }

    @Test
    void shouldNotStartWhatRuns() {
        assertTrue(start(0));
        assertFalse(start(0));
        assertFalse(start(1));
        vp.levels().enter(2, 1);
        assertFalse(start(1), "a level that nobody has called, of a processor that runs");
        assertFalse(start(0));
        assertEquals(2, vp.context().level());
    }
}
