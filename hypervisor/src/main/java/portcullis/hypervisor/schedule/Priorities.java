package portcullis.hypervisor.schedule;

import java.util.Arrays;
import java.util.Random;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic
 * guarantees of finding bugs", ASPLOS 2010). VPs have random priorities, and the highest that can run runs; at {@code depth - 1}
 * random moments of the run whoever runs falls behind all others. A bug that takes {@code depth} events in a certain
 * order shows in one run of {@code n * k^(depth - 1)} or more often, with n VPs and k steps.
 *
 * <p>A step is an instruction executed while more than one VP could: where there is no choice there is nothing to find. The paper's
 * threads block; processors also spin. One that executes PAUSE falls behind everybody, so that whoever it waits for comes on, and
 * so does one that has gone on for long: it may wait by reading a device.
 */
public final class Priorities implements Interleaving {
    /** Between looks at whether somebody more important can run, or the one that runs waits. */
    private static final int QUANTUM = 200;

    /** Steps for which one VP goes on at most. */
    private static final int PATIENCE = 20_000;

    /** Of each VP; larger ones first, all different. */
    private final long[] priority;
    /** Steps at which to fall, ascending. */
    private final long[] changeAt;

    private int nextChange;
    private long steps;
    private long lowest;
    private int running;
    private boolean choice;
    /** Steps since the VP that runs was chosen first, again and again. */
    private long goesOn;

    /**
     * @param processors how many VPs there are
     * @param depth 1 or more
     * @param length how many steps the run takes, about: moments of change are among them
     */
    public Priorities(long seed, int processors, int depth, long length) {
        Random random = new Random(seed);
        priority = new long[processors];
        int[] order = shuffled(processors, random);
        for (int vp = 0; vp < processors; vp++) {
            priority[vp] = order[vp];
        }
        changeAt = new long[depth - 1];
        for (int i = 0; i < changeAt.length; i++) {
            changeAt[i] = 1 + (long) (random.nextDouble() * length);
        }
        Arrays.sort(changeAt);
    }

    private static int[] shuffled(int count, Random random) {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            int at = random.nextInt(i + 1);
            numbers[i] = numbers[at];
            numbers[at] = i;
        }
        return numbers;
    }

    @Override
    public int choose(int[] ready, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (priority[ready[i]] > priority[ready[best]]) {
                best = i;
            }
        }
        choice = count > 1;
        if (running != ready[best] || !choice) {
            running = ready[best];
            goesOn = 0;
        }
        return best;
    }

    @Override
    public long budget() {
        if (!choice || nextChange == changeAt.length) {
            return QUANTUM;
        }
        return Math.clamp(changeAt[nextChange] - steps, 1, QUANTUM);
    }

    @Override
    public void ran(long instructions, boolean waits) {
        if (choice) {
            steps += instructions;
            goesOn += instructions;
            while (nextChange < changeAt.length && changeAt[nextChange] <= steps) {
                nextChange++;
                priority[running] = --lowest;
            }
        }
        if (waits || goesOn > PATIENCE) {
            priority[running] = --lowest;
            goesOn = 0;
        }
    }

    /** Steps so far. */
    public long steps() {
        return steps;
    }

    @Override
    public void save(StateWriter out) {
        out.putLongs(priority);
        out.putLongs(changeAt);
        out.putInt(nextChange);
        out.putLong(steps);
        out.putLong(lowest);
        out.putInt(running);
        out.putBoolean(choice);
        out.putLong(goesOn);
    }

    @Override
    public void restore(StateReader in) {
        in.getLongs(priority);
        in.getLongs(changeAt);
        nextChange = in.getInt(0, changeAt.length);
        steps = in.getLong();
        lowest = in.getLong();
        running = in.getInt(0, priority.length - 1);
        choice = in.getBoolean();
        goesOn = in.getLong();
    }
}
