package portcullis.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.LLI_Result;
import portcullis.hypervisor.gate.InhibitReason;

/** VPs that flush each other: both pass, whatever the order of their targets. */
public final class FlushAndFlush {
    private FlushAndFlush() {}

    @JCStressTest
    @Outcome(id = "PASSED, PASSED, 0", expect = ACCEPTABLE, desc = "Both have passed.")
    @Outcome(expect = FORBIDDEN, desc = "One kept the other out.")
    @State
    public static class Crosswise extends Level {
        public Crosswise() {
            super(2);
        }

        @Actor
        public void vp0(LLI_Result result) {
            result.r1 = flush(0, 0b11);
        }

        @Actor
        public void vp1(LLI_Result result) {
            result.r2 = flush(1, 0b11);
        }

        @Arbiter
        public void end(LLI_Result result) {
            result.r3 = trouble();
        }
    }

    /** It hangs where they lock up. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "Everybody has passed.")
    @Outcome(expect = FORBIDDEN, desc = "Somebody was left behind.")
    @State
    public static class CrosswiseWithInhibits extends Level {
        public CrosswiseWithInhibits() {
            super(2);
        }

        @Actor
        public void vp0() {
            flushAtLast(0, 0b11);
        }

        @Actor
        public void vp1() {
            flushAtLast(1, 0b11);
        }

        @Actor
        public void host() {
            inhibit(0, InhibitReason.HOST);
            inhibit(1, InhibitReason.HOST);
            lift(0, InhibitReason.HOST);
            lift(1, InhibitReason.HOST);
        }

        @Arbiter
        public void end(I_Result result) {
            result.r1 = trouble();
        }
    }

    /** For hosts with two processors: the second VP's higher level shuts both gates before it flushes. It hangs where they lock up. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "Everybody has passed.")
    @Outcome(expect = FORBIDDEN, desc = "Somebody was left behind.")
    @State
    public static class CrosswiseAfterInhibits extends Level {
        public CrosswiseAfterInhibits() {
            super(2);
        }

        @Actor
        public void vp0() {
            flushAtLast(0, 0b11);
        }

        @Actor
        public void vp1() {
            inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
            inhibit(0, InhibitReason.INTERCEPT);
            lift(1, InhibitReason.TLB_LOCKED_BY_1);
            lift(0, InhibitReason.INTERCEPT);
            flushAtLast(1, 0b11);
        }

        @Arbiter
        public void end(I_Result result) {
            result.r1 = trouble();
        }
    }
}
