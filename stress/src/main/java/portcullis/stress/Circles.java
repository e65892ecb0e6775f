package portcullis.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.gate.WaitGraph;

/** Of two VPs that close a circle at once, at least one sees it. */
public final class Circles {
    private Circles() {}

    @JCStressTest
    @Outcome(
            id = {"0, 2", "2, 0", "2, 2"},
            expect = ACCEPTABLE,
            desc = "It was seen.")
    @Outcome(expect = FORBIDDEN, desc = "Both were suspended, and neither saw it.")
    @State
    public static class OfTwo extends Level {
        private final WaitGraph graph = new WaitGraph(2, level -> gates, vp -> 0);

        public OfTwo() {
            super(2);
            inhibit(0, InhibitReason.INTERCEPT);
            inhibit(1, InhibitReason.INTERCEPT);
        }

        @Actor
        public void vp0(II_Result result) {
            flush(0, 0b10);
            result.r1 = graph.circle(0).size();
        }

        @Actor
        public void vp1(II_Result result) {
            flush(1, 0b01);
            result.r2 = graph.circle(1).size();
        }
    }
}
