package portcullis.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import portcullis.hypervisor.gate.InhibitReason;

/** Invariant 4 with two threads that lift. */
public final class LiftAndLift {
    private LiftAndLift() {}

    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "When either returns the VP has been told.")
    @Outcome(expect = FORBIDDEN, desc = "One returned, and the VP slept on.")
    @State
    public static class SameReason extends Level {
        public SameReason() {
            super(2);
            inhibit(1, InhibitReason.HOST);
            flush(0, 0b10);
        }

        @Actor
        public void host(II_Result result) {
            lift(1, InhibitReason.HOST);
            result.r1 = told.get(0) > 0 && !pass(0).suspended() ? 1 : 0;
        }

        @Actor
        public void otherHost(II_Result result) {
            lift(1, InhibitReason.HOST);
            result.r2 = told.get(0) > 0 && !pass(0).suspended() ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 1, 1", "1, 0, 1"},
            expect = ACCEPTABLE,
            desc = "Who was last has resumed the VP.")
    @Outcome(expect = FORBIDDEN, desc = "Resumed twice, or never.")
    @State
    public static class TwoReasons extends Level {
        public TwoReasons() {
            super(2);
            inhibit(1, InhibitReason.HOST);
            inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
            flush(0, 0b10);
        }

        @Actor
        public void host(III_Result result) {
            result.r1 = lift(1, InhibitReason.HOST);
        }

        @Actor
        public void lockHolder(III_Result result) {
            result.r2 = lift(1, InhibitReason.TLB_LOCKED_BY_1);
        }

        @Arbiter
        public void end(III_Result result) {
            result.r3 = !pass(0).suspended() && told.get(0) > 0 && trouble() == 0 ? 1 : 0;
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0", "-1, 1"},
            expect = ACCEPTABLE,
            desc = "As if one had been first.")
    @Outcome(expect = FORBIDDEN, desc = "Neither was first.")
    @State
    public static class AndInhibit extends Level {
        public AndInhibit() {
            super(1);
            inhibit(0, InhibitReason.HOST);
        }

        @Actor
        public void host(II_Result result) {
            result.r1 = inhibit(0, InhibitReason.HOST);
        }

        @Actor
        public void otherHost() {
            lift(0, InhibitReason.HOST);
        }

        @Arbiter
        public void end(II_Result result) {
            // Was there already: the lift came after. Was not: the lift came before, and the gate is shut.
            boolean shut = gate(0).reasons() != 0;
            result.r2 = result.r1 == -1 ? (shut ? 0 : 1) : (shut ? 0 : -2);
        }
    }
}
