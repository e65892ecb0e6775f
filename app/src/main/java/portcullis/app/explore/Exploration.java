package portcullis.app.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import portcullis.hypervisor.schedule.Priorities;
import portcullis.hypervisor.schedule.Schedule;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.LoadException;

/**
 * Runs seeds, several at a time. Where it stops at the first that fails, that is the lowest one, however many threads there are:
 * when one fails, those below it are finished, those above are not begun.
 */
public final class Exploration {
    /** Runs whose length {@link #measureLength} takes. */
    private static final int PROBES = 3;

    private final MachineConfig shape;
    private final EngineFactory engines;
    private final Schedule schedule;
    private final long limit;
    private final long inhibits;

    private final AtomicLong nextPosition = new AtomicLong();
    /** Positions from here on are not begun. */
    private final AtomicLong end = new AtomicLong();

    private final ConcurrentSkipListMap<Long, RunResult> failures = new ConcurrentSkipListMap<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong instructions = new AtomicLong();
    private volatile Throwable trouble;

    /** @param shape the machine; what makes its time pass is of no account */
    public Exploration(MachineConfig shape, EngineFactory engines, Schedule schedule, long limit, long inhibits) {
        this.shape = shape;
        this.engines = engines;
        this.schedule = schedule;
        this.limit = limit;
        this.inhibits = inhibits;
    }

    MachineConfig config(long seed, Schedule by) {
        return shape.withTime(new TimeSource.Virtual(seed, by, limit, inhibits));
    }

    SeedRun seedRun(long seed) {
        return new SeedRun(config(seed, schedule), engines);
    }

    /**
     * How many instructions the guest executes while there is a choice of VPs, about: what {@link Schedule.Pct} wants to know. The
     * same whenever it is asked for the same guest.
     *
     * @throws LoadException where the guest cannot be loaded
     */
    public long measureLength() throws LoadException, InterruptedException {
        long longest = 1;
        for (int seed = 0; seed < PROBES; seed++) {
            List<Priorities> begun = new ArrayList<>();
            Schedule probe = (number, processors) -> {
                Priorities interleaving = new Priorities(number, processors, 1, 1);
                begun.add(interleaving);
                return interleaving;
            };
            new SeedRun(config(seed, probe), engines).run();
            longest = Math.max(longest, begun.getLast().steps());
        }
        return longest;
    }

    /**
     * Runs a shard's seeds.
     *
     * @param keepGoing whether to go on after one that fails
     * @param results takes each, one at a time, in no order
     * @throws LoadException where the guest cannot be loaded
     */
    public void run(SeedRange seeds, Shard shard, int threads, boolean keepGoing, Consumer<RunResult> results)
            throws LoadException, InterruptedException {
        end.set(shard.count(seeds));
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            workers.add(Thread.ofPlatform()
                    .name("explorer " + i)
                    .daemon()
                    .start(() -> work(position -> shard.seed(seeds, position), keepGoing, results)));
        }
        try {
            for (Thread worker : workers) {
                worker.join();
            }
        } catch (InterruptedException e) {
            end.set(0);
            throw e;
        }
        switch (trouble) {
            case null -> {
                // All have been run.
            }
            case LoadException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(trouble);
        }
    }

    private void work(LongFunction<Long> seeds, boolean keepGoing, Consumer<RunResult> results) {
        try {
            while (true) {
                long position = nextPosition.getAndIncrement();
                if (position >= end.get()) {
                    return;
                }
                RunResult result = seedRun(seeds.apply(position)).run();
                done.incrementAndGet();
                instructions.addAndGet(result.instructions());
                if (result.failed()) {
                    failed.incrementAndGet();
                    keepFirst(result);
                    if (!keepGoing) {
                        end.accumulateAndGet(position, Math::min);
                    }
                }
                synchronized (results) {
                    results.accept(result);
                }
            }
        } catch (LoadException | RuntimeException | Error e) {
            trouble = e;
            end.set(0);
        } catch (InterruptedException e) {
            end.set(0);
        }
    }

    /** Only the lowest is ever asked for. */
    private void keepFirst(RunResult result) {
        failures.put(result.seed(), result);
        while (failures.size() > 1) {
            failures.pollLastEntry();
        }
    }

    /** The lowest seed that failed, or null. */
    public RunResult firstFailure() {
        return failures.isEmpty() ? null : failures.firstEntry().getValue();
    }

    /** Seeds done so far. Any thread. */
    public long done() {
        return done.get();
    }

    /** How many of them failed. Any thread. */
    public long failed() {
        return failed.get();
    }

    /** Guest instructions so far. Any thread. */
    public long instructions() {
        return instructions.get();
    }

    /** Runs one seed once more and tells how it came to its end. */
    public Replay replay(RunResult result) throws LoadException, InterruptedException {
        return Replay.of(this, result);
    }
}
