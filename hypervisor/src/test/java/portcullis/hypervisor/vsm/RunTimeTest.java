package portcullis.hypervisor.vsm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.time.VirtualClock;
import portcullis.tlfs.register.VpStateRegisters.InternalActivity;

/** VP run time (TLFS): while the active level executes, whatever the others would do. */
class RunTimeTest {
    /** Ticks of the bench's clock. */
    private static final long WHILE = 1_000_000;

    private final LevelBench bench = new LevelBench(2, true);
    private long now;

    @AfterEach
    void close() {
        bench.close();
    }

    private void pass() {
        now += WHILE;
        ((VirtualClock) bench.partition.time().clock()).advanceTo(now);
    }

    private void assertRan(int times, VirtualProcessor vp) {
        assertEquals(bench.partition.referenceTime().at(times * WHILE), vp.runTime());
    }

    @Test
    void shouldNotCountForAVpThatWaitsWithALevelAboveThatHasNotBegun() {
        bench.enable(1, 1);
        pass();
        assertRan(0, bench.vp(1));
    }

    @Test
    void shouldCountWhileALevelBelowThatIsNotActiveHalts() {
        bench.enable(0, 1);
        VirtualProcessor vp = bench.vp(0);
        bench.runIn(1);
        vp.context(0).setActivityBits(InternalActivity.HALT_SUSPEND);
        pass();
        assertRan(1, vp);
        vp.levels().leave(true);
        pass();
        assertRan(1, vp);
        bench.runIn(1);
        pass();
        assertRan(2, vp);
    }
}
