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

/** Invariant 2: between inhibit and lift no flush changes a TLB, and the ones before have changed all of it. */
public final class InhibitAndFlush {
    private InhibitAndFlush() {}

    @JCStressTest
    @Outcome(
            id = {"0, 0", "1, 1"},
            expect = ACCEPTABLE,
            desc = "The flush came after the inhibit, or before.")
    @Outcome(expect = FORBIDDEN, desc = "A flush was seen half.")
    @State
    public static class OneTarget extends Level {
        public OneTarget() {
            super(2);
        }

        @Actor
        public void vp() {
            flush(0, 0b10);
        }

        @Actor
        public void host(II_Result seen) {
            inhibit(1, InhibitReason.HOST);
            seen.r1 = first[1];
            seen.r2 = second[1];
            lift(1, InhibitReason.HOST);
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "0, 1, 0", "1, 0, 0", "1, 1, 0"},
            expect = ACCEPTABLE,
            desc = "Each saw its TLB whole.")
    @Outcome(expect = FORBIDDEN, desc = "A TLB was seen half, or somebody was left behind.")
    @State
    public static class TwoTargets extends Level {
        public TwoTargets() {
            super(3);
        }

        @Actor
        public void vp() {
            flush(0, 0b110);
        }

        @Actor
        public void host(III_Result seen) {
            seen.r1 = look(1);
        }

        @Actor
        public void otherHost(III_Result seen) {
            seen.r2 = look(2);
        }

        @Arbiter
        public void end(III_Result seen) {
            seen.r3 = trouble();
        }
    }

    /** Two targets for hosts with two processors. */
    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "1, 1, 0"},
            expect = ACCEPTABLE,
            desc = "The flush came after both inhibits, or before.")
    @Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "It came between the two.")
    @Outcome(expect = FORBIDDEN, desc = "A TLB was seen half, or somebody was left behind.")
    @State
    public static class TwoTargetsInTurn extends Level {
        public TwoTargetsInTurn() {
            super(3);
        }

        @Actor
        public void vp() {
            flush(0, 0b110);
        }

        @Actor
        public void host(III_Result seen) {
            seen.r1 = look(1);
            seen.r2 = look(2);
        }

        @Arbiter
        public void end(III_Result seen) {
            seen.r3 = trouble();
        }
    }

    @JCStressTest
    @Outcome(
            id = {"0, -1", "-1, 0"},
            expect = ACCEPTABLE,
            desc = "One has shut the gate.")
    @Outcome(expect = FORBIDDEN, desc = "Both have, or neither.")
    @State
    public static class TwoInhibits extends Level {
        public TwoInhibits() {
            super(1);
        }

        @Actor
        public void host(II_Result seen) {
            seen.r1 = inhibit(0, InhibitReason.HOST);
        }

        @Actor
        public void otherHost(II_Result seen) {
            seen.r2 = inhibit(0, InhibitReason.HOST);
        }
    }
}
