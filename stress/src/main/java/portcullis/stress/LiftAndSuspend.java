package portcullis.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.openjdk.jcstress.infra.results.LI_Result;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.hypervisor.gate.InhibitReason;

/** Invariant 4: a wait and the lift that ends it. */
public final class LiftAndSuspend {
    private LiftAndSuspend() {}

    @JCStressTest
    @Outcome(
            id = {"PASSED, 0", "AGAIN, 0"},
            expect = ACCEPTABLE,
            desc = "The lift was first.")
    @Outcome(id = "SUSPENDED, 1", expect = ACCEPTABLE, desc = "The lift has ended the wait, and said so.")
    @Outcome(expect = FORBIDDEN, desc = "It sleeps before an open gate.")
    @State
    public static class OneAttempt extends Level {
        public OneAttempt() {
            super(2);
            inhibit(1, InhibitReason.HOST);
        }

        @Actor
        public void vp(LI_Result result) {
            result.r1 = flush(0, 0b10);
        }

        @Actor
        public void host() {
            lift(1, InhibitReason.HOST);
        }

        @Arbiter
        public void end(LI_Result result) {
            if (result.r1 == Entry.SUSPENDED) {
                result.r2 = !pass(0).suspended() && told.get(0) > 0 ? 1 : -1;
            } else {
                result.r2 = trouble();
            }
        }
    }

    @JCStressTest
    @Outcome(
            id = {"PASSED, 0", "AGAIN, 0"},
            expect = ACCEPTABLE,
            desc = "The lift was first.")
    @Outcome(id = "SUSPENDED, 1", expect = ACCEPTABLE, desc = "The lift has ended the wait, and said so.")
    @Outcome(expect = FORBIDDEN, desc = "It sleeps though nothing is locked.")
    @State
    public static class WaitForLocks extends Level {
        public WaitForLocks() {
            super(2);
            inhibit(1, InhibitReason.TLB_LOCKED_BY_1);
            inhibit(1, InhibitReason.HOST);
        }

        @Actor
        public void vp(LI_Result result) {
            result.r1 = pass(0).awaitNoLock();
        }

        @Actor
        public void lockHolder() {
            lift(1, InhibitReason.TLB_LOCKED_BY_1);
        }

        @Arbiter
        public void end(LI_Result result) {
            if (result.r1 == Entry.SUSPENDED) {
                result.r2 = !pass(0).suspended() && told.get(0) > 0 ? 1 : -1;
            }
        }
    }

    /** It hangs where a wake-up is lost. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "The flush has passed.")
    @Outcome(expect = FORBIDDEN, desc = "Somebody was left behind.")
    @State
    public static class UntilItPasses extends Level {
        public UntilItPasses() {
            super(2);
            inhibit(1, InhibitReason.HOST);
        }

        @Actor
        public void vp() {
            flushAtLast(0, 0b11);
        }

        @Actor
        public void host() {
            lift(1, InhibitReason.HOST);
            inhibit(0, InhibitReason.HOST);
            lift(0, InhibitReason.HOST);
        }

        @Arbiter
        public void end(I_Result result) {
            result.r1 = trouble();
        }
    }
}
