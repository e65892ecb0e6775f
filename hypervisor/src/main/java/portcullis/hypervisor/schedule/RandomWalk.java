package portcullis.hypervisor.schedule;

import java.util.Random;

/** Every choice at random, uniformly. {@link Random}'s sequence for a seed is specified: a seed means the same on every JDK. */
public final class RandomWalk implements Interleaving {
    public static final int MINIMUM_BUDGET = 50;
    public static final int MAXIMUM_BUDGET = 5000;

    private final Random random;

    public RandomWalk(long seed) {
        random = new Random(seed);
    }

    @Override
    public int choose(int candidates) {
        return random.nextInt(candidates);
    }

    @Override
    public long budget() {
        return random.nextInt(MINIMUM_BUDGET, MAXIMUM_BUDGET + 1);
    }
}
