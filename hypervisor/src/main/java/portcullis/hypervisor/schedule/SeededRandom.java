package portcullis.hypervisor.schedule;

import java.util.Random;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** {@link Random}, by the formulas in its specification, with a state that can be saved. */
public final class SeededRandom extends Random implements Saved {
    private static final long serialVersionUID = 1L;
    private static final long MULTIPLIER = 0x5_deec_e66dL;
    private static final long MASK = (1L << 48) - 1;

    private long state;

    public SeededRandom(long seed) {
        super(seed);
    }

    /** Begins the sequence of {@code seed}. */
    @Override
    public synchronized void setSeed(long seed) {
        super.setSeed(seed);
        state = (seed ^ MULTIPLIER) & MASK;
    }

    @Override
    protected synchronized int next(int bits) {
        state = state * MULTIPLIER + 0xb & MASK;
        return (int) (state >>> 48 - bits);
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putLong(state);
    }

    @Override
    public synchronized void restore(StateReader in) {
        state = in.getLong() & MASK;
    }
}
