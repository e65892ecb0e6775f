package portcullis.oracle;

import java.util.function.Consumer;
import portcullis.oracle.generate.InputState;
import portcullis.oracle.generate.TestCase;

/** Makes a failing case smaller while it still fails: fewer instructions, then more zeroes in its input. */
final class Minimiser {
    private final Duel duel;
    private Finding best;

    private Minimiser(Duel duel, Finding finding) {
        this.duel = duel;
        best = finding;
    }

    /** The smallest failing case found; {@code finding} itself if it does not fail again. */
    static Finding minimise(Duel duel, Finding finding) {
        Minimiser minimiser = new Minimiser(duel, finding);
        minimiser.items();
        minimiser.input();
        return minimiser.best;
    }

    private boolean keep(TestCase candidate) {
        Finding finding = candidate == null ? null : duel.run(candidate);
        // A difference must not turn into an exception, nor the other way round: that would be another finding.
        if (finding == null || (finding.problem() == null) != (best.problem() == null)) {
            return false;
        }
        best = finding;
        return true;
    }

    private void items() {
        boolean smaller = true;
        while (smaller) {
            smaller = false;
            for (int i = best.test().items().size() - 1; i >= 0; i--) {
                if (best.test().items().size() > 1 && keep(best.test().without(i))) {
                    smaller = true;
                }
            }
        }
    }

    private void change(Consumer<InputState> change) {
        InputState state = best.test().input().copy();
        change.accept(state);
        keep(best.test().withInput(state));
    }

    private void input() {
        change(state -> java.util.Arrays.fill(state.scratch, (byte) 0));
        change(state -> java.util.Arrays.fill(state.stack, 0));
        change(state -> state.rflags = 0x202);
        for (int i = 0; i < 16; i++) {
            int register = i;
            // Registers with addresses keep them: memory operands must stay inside the sandbox.
            if (!best.test().isReserved(i)) {
                change(state -> state.gpr[register] = 0);
            }
            change(state -> java.util.Arrays.fill(state.ymm, 32 * register, 32 * register + 32, (byte) 0));
        }
        change(state -> {
            state.fxsave[0] = 0x7f;
            state.fxsave[1] = 3;
        });
        change(state -> {
            state.fxsave[2] = 0;
            state.fxsave[3] = 0;
        });
        change(state -> state.fxsave[4] = 0);
        change(state -> state.fxsave[4] = -1);
        change(state -> {
            state.fxsave[24] = (byte) 0x80;
            state.fxsave[25] = 0x1f;
        });
        for (int i = 0; i < 8; i++) {
            int at = 32 + 16 * i;
            change(state -> java.util.Arrays.fill(state.fxsave, at, at + 10, (byte) 0));
        }
    }
}
