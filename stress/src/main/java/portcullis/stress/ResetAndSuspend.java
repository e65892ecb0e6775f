package portcullis.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.hypervisor.gate.InhibitReason;

/** Invariant 5: a reset or INIT of a VP that is suspended, or about to be, while somebody lifts. */
public final class ResetAndSuspend {
    private ResetAndSuspend() {}

    private static int afterwards(Level level) {
        int before = level.told.get(0);
        level.inhibit(1, InhibitReason.HOST);
        level.lift(1, InhibitReason.HOST);
        return level.told.get(0) - before;
    }

    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "It waits for nobody, and nobody will tell it.")
    @Outcome(expect = FORBIDDEN, desc = "It waits on, or is known as one who waits.")
    @State
    public static class OfOneThatSleeps extends Level {
        public OfOneThatSleeps() {
            super(2);
            inhibit(1, InhibitReason.HOST);
            flush(0, 0b10);
        }

        @Actor
        public void vp() {
            pass(0).cancel();
        }

        @Actor
        public void host() {
            lift(1, InhibitReason.HOST);
        }

        @Arbiter
        public void end(II_Result result) {
            result.r1 = pass(0).suspended() ? 1 : 0;
            result.r2 = afterwards(this);
        }
    }

    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "It waits for nobody, and nobody will tell it.")
    @Outcome(expect = FORBIDDEN, desc = "It waits on, or is known as one who waits.")
    @State
    public static class OfOneThatFallsAsleep extends Level {
        public OfOneThatFallsAsleep() {
            super(2);
            inhibit(1, InhibitReason.HOST);
        }

        @Actor
        public void vp() {
            if (flush(0, 0b10) != Entry.PASSED) {
                pass(0).cancel();
            }
        }

        @Actor
        public void host() {
            lift(1, InhibitReason.HOST);
        }

        @Arbiter
        public void end(II_Result result) {
            result.r1 = pass(0).suspended() ? 1 : 0;
            result.r2 = afterwards(this);
        }
    }

    /** It is suspended anew, at another gate, while somebody lifts the first. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "It waits on the second VP.")
    @Outcome(expect = FORBIDDEN, desc = "A lift that came too late has woken it.")
    @State
    public static class AndAnotherWait extends Level {
        public AndAnotherWait() {
            super(3);
            inhibit(1, InhibitReason.HOST);
            inhibit(2, InhibitReason.HOST);
            flush(0, 0b010);
        }

        @Actor
        public void vp() {
            pass(0).cancel();
            flush(0, 0b100);
        }

        @Actor
        public void host() {
            lift(1, InhibitReason.HOST);
        }

        @Arbiter
        public void end(II_Result result) {
            result.r1 = pass(0).waitingOn() == 2 ? 1 : 0;
            result.r2 = trouble();
        }
    }
}
