package portcullis.hypervisor.schedule;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** Every choice at random, uniformly: a seed means the same on every JDK. */
public final class RandomWalk implements Interleaving {
    public static final int MINIMUM_BUDGET = 50;
    public static final int MAXIMUM_BUDGET = 5000;

    private final SeededRandom random;
    private final int least;
    private final int most;

    /** Slices of {@link #MINIMUM_BUDGET} to {@link #MAXIMUM_BUDGET} instructions. */
    public RandomWalk(long seed) {
        this(seed, MINIMUM_BUDGET, MAXIMUM_BUDGET);
    }

    /** Slices of {@code least} to {@code most} instructions. */
    public RandomWalk(long seed, int least, int most) {
        random = new SeededRandom(seed);
        this.least = least;
        this.most = most;
    }

    @Override
    public int choose(int[] ready, int count) {
        return random.nextInt(count);
    }

    @Override
    public long budget() {
        return random.nextInt(least, most + 1);
    }

    @Override
    public void save(StateWriter out) {
        random.save(out);
    }

    @Override
    public void restore(StateReader in) {
        random.restore(in);
    }
}
