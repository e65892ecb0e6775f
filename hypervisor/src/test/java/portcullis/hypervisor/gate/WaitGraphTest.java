package portcullis.hypervisor.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitGraphTest {
    private static final int HOST = InhibitReason.HOST.bit();
    private static final int INTERCEPT = InhibitReason.INTERCEPT.bit();

    private final Gates level0 = new Gates(4);
    private final Gates level1 = new Gates(4);
    private final Gates level2 = new Gates(4);
    private final int[] active = new int[4];
    private final WaitGraph graph =
            new WaitGraph(4, List.of(level0.all, level1.all, level2.all)::get, vp -> active[vp]);

    @Test
    void shouldSeeTwoVpsThatWaitForEachOther() {
        level0.inhibit(0, InhibitReason.INTERCEPT);
        level0.inhibit(1, InhibitReason.INTERCEPT);
        level0.enter(0, 0b10);
        assertEquals(List.of(), graph.circle(0));
        level0.enter(1, 0b01);
        List<Wait> circle = graph.circle(1);
        assertEquals(List.of(new Wait(1, 0, 0, INTERCEPT, 0), new Wait(0, 0, 1, INTERCEPT, 1)), circle);
        assertEquals("""
                vp 1 (vtl 0) waits on vp 0, held by intercept through vp 0
                vp 0 (vtl 0) waits on vp 1, held by intercept through vp 1""", WaitGraph.describe(circle));
    }

    @Test
    void shouldSeeACallerThatWaitsForItself() {
        level0.inhibit(2, InhibitReason.INTERCEPT);
        level0.enter(2, 0b100);
        assertEquals(List.of(new Wait(2, 0, 2, INTERCEPT, 2)), graph.circle(2));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldSeeARingFromEachOfItsVps(int from) {
        for (int vp = 0; vp < 4; vp++) {
            level0.inhibit(vp, InhibitReason.TLB_LOCKED_BY_1);
        }
        for (int vp = 0; vp < 4; vp++) {
            level0.enter(vp, 1L << (vp + 1) % 4);
        }
        List<Wait> circle = graph.circle(from);
        assertEquals(4, circle.size());
        assertEquals(from, circle.getFirst().vp());
        assertEquals(from, circle.getLast().holder());
    }

    @Test
    void shouldNotTakeAHostForACircle() {
        level0.inhibit(0, InhibitReason.HOST);
        level0.inhibit(1, InhibitReason.HOST);
        level0.enter(0, 0b10);
        level0.enter(1, 0b01);
        assertEquals(List.of(), graph.circle(0));
        assertEquals(List.of(), graph.circle(1));
        List<Wait> waits = graph.waits();
        assertEquals(List.of(new Wait(0, 0, 1, HOST, FlushPass.NONE), new Wait(1, 0, 0, HOST, FlushPass.NONE)), waits);
        assertEquals(
                "vp 0 (vtl 0) waits on vp 1, held by host", waits.getFirst().toString());
    }

    @Test
    void shouldSeeACircleWhereTheHostHoldsAGateToo() {
        level0.inhibit(0, InhibitReason.INTERCEPT);
        level0.inhibit(0, InhibitReason.HOST);
        level0.inhibit(1, InhibitReason.INTERCEPT);
        level0.enter(0, 0b10);
        level0.enter(1, 0b01);
        assertEquals(HOST | INTERCEPT, graph.circle(1).getFirst().reasons());
    }

    /** The lock's holder runs: it will lift. */
    @Test
    void shouldNotSeeACircleThroughAVpWhoseHigherLevelRuns() {
        level0.inhibit(0, InhibitReason.TLB_LOCKED_BY_1);
        level0.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        level0.enter(0, 0b10);
        level0.enter(1, 0b01);
        active[1] = 1;
        assertEquals(List.of(), graph.circle(0));
        active[1] = 0;
        assertEquals(2, graph.circle(0).size());
    }

    @Test
    void shouldSeeACircleThroughSeveralLevels() {
        active[1] = 1;
        level0.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        level1.inhibit(2, InhibitReason.TLB_LOCKED_BY_2);
        level0.inhibit(0, InhibitReason.INTERCEPT);
        level0.enter(0, 0b10);
        level1.enter(1, 0b100);
        assertEquals(List.of(), graph.circle(0));
        level0.enter(2, 0b001);
        assertEquals(
                List.of(
                        new Wait(0, 0, 1, InhibitReason.TLB_LOCKED_BY_1.bit(), 1),
                        new Wait(1, 1, 2, InhibitReason.TLB_LOCKED_BY_2.bit(), 2),
                        new Wait(2, 0, 0, INTERCEPT, 0)),
                graph.circle(0));
    }

    @Test
    void shouldFollowTheHolderOfAnIntercept() {
        level0.gate(1).inhibit(InhibitReason.INTERCEPT, 3, Gates.NOTHING, Gates.NOTHING);
        level0.inhibit(0, InhibitReason.INTERCEPT);
        level0.enter(0, 0b10);
        level0.enter(3, 0b01);
        assertEquals(List.of(new Wait(0, 0, 1, INTERCEPT, 3), new Wait(3, 0, 0, INTERCEPT, 0)), graph.circle(0));
    }

    /** The first VP of a chain that ends in a circle is not part of it. */
    @Test
    void shouldNotCallAChainIntoACircleACircle() {
        level0.inhibit(1, InhibitReason.INTERCEPT);
        level0.inhibit(2, InhibitReason.INTERCEPT);
        level0.enter(0, 0b010);
        level0.enter(1, 0b100);
        level0.enter(2, 0b010);
        assertEquals(List.of(), graph.circle(0));
        assertEquals(2, graph.circle(1).size());
        assertEquals(List.of(graph.circle(1)), graph.circles());
        assertEquals(3, graph.waits().size());
    }

    @Test
    void shouldSeeNothingOnceAGateHasOpened() {
        level0.inhibit(0, InhibitReason.INTERCEPT);
        level0.inhibit(1, InhibitReason.INTERCEPT);
        level0.enter(0, 0b10);
        level0.enter(1, 0b01);
        level0.lift(0, InhibitReason.INTERCEPT);
        assertEquals(List.of(), graph.circle(0));
        assertEquals(1, graph.waits().size());
    }

    @Test
    void shouldFollowLocksOnlyWhereOnlyLocksAreAwaited() {
        level0.inhibit(1, InhibitReason.INTERCEPT);
        level0.inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
        level0.pass(0).awaitNoLock();
        assertEquals(List.of(new Wait(0, 0, 1, InhibitReason.TLB_LOCKED_BY_1.bit(), 1)), graph.waits());
    }
}
