package portcullis.bench.gate;

import java.io.PrintStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import portcullis.bench.BenchMachine;
import portcullis.bench.BenchMachine.Job;
import portcullis.bench.Figures;
import portcullis.hypervisor.ThreadPerProcessor;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.machine.loader.LoadException;

/**
 * What inhibiting and lifting cost whoever does it, while nobody flushes: with all VPs asleep, and with 62 of 64 at work in
 * the hypervisor. Beside it the way of the kernel patch, in the same machine.
 */
final class InhibitCost {
    private static final int PROCESSORS = 64;
    /** The first of those that work; the ones before are the inhibited one and one that sleeps. */
    private static final int FIRST_BUSY = 2;

    private static final int INHIBITED = 1;
    private static final Job[] JOBS = {Job.SLEEP, Job.DEVICE, Job.COMPUTE, Job.HYPERCALL, Job.TRANSLATE};
    private static final int BATCH = 32;
    private static final int WARM_UP = 20_000;
    private static final long PAUSE_NANOS = 1_000_000;

    private final PrintStream out;
    private final long nanoseconds;
    private final Map<Job, Double> gate = new EnumMap<>(Job.class);
    private final Map<Job, Double> grace = new EnumMap<>(Job.class);

    /** @param nanoseconds for each figure */
    InhibitCost(PrintStream out, long nanoseconds) {
        this.out = out;
        this.nanoseconds = nanoseconds;
    }

    void report() throws LoadException {
        GracePeriod period = new GracePeriod(PROCESSORS);
        // Both by the host's schedule, as the kernel's VPs are: who waits for a core by ours would count as in the
        // hypervisor.
        System.setProperty(ThreadPerProcessor.CORES_PROPERTY, String.valueOf(PROCESSORS));
        try (BenchMachine machine = new BenchMachine(PROCESSORS, 0, period::watched)) {
            alone(machine);
            // Compiled before it is measured.
            pairs(machine.vp(INHIBITED));
            pairs(machine.vp(INHIBITED));
            for (Job job : JOBS) {
                for (int vp = FIRST_BUSY; vp < PROCESSORS; vp++) {
                    machine.give(vp, job);
                }
                for (int vp = FIRST_BUSY; vp < PROCESSORS; vp++) {
                    machine.awaitDoing(vp, job);
                }
                gate.put(job, pairs(machine.vp(INHIBITED)));
                grace.put(job, periods(period));
            }
            for (int vp = FIRST_BUSY; vp < PROCESSORS; vp++) {
                machine.give(vp, Job.SLEEP);
            }
            machine.check();
        } finally {
            System.clearProperty(ThreadPerProcessor.CORES_PROPERTY);
        }
        print();
    }

    /** Each by itself: all gates are shut, then all opened. */
    private void alone(BenchMachine machine) {
        Figures inhibits = new Figures();
        Figures lifts = new Figures();
        for (int round = -WARM_UP / PROCESSORS; inhibits.count() < 4000; round++) {
            long start = System.nanoTime();
            for (int vp = 0; vp < PROCESSORS; vp++) {
                machine.vp(vp).inhibitFlushes(0);
            }
            long middle = System.nanoTime();
            for (int vp = 0; vp < PROCESSORS; vp++) {
                machine.vp(vp).liftFlushInhibit(0);
            }
            long end = System.nanoTime();
            if (round >= 0) {
                inhibits.add((double) (middle - start) / PROCESSORS);
                lifts.add((double) (end - middle) / PROCESSORS);
            }
        }
        out.println("| when nobody flushes | median | 99 % | target |");
        out.println("|---|---|---|---|");
        out.printf(
                "| inhibit | %s | %s | 100 ns |%n",
                Figures.time(inhibits.median()), Figures.time(inhibits.quantile(.99)));
        out.printf("| lift | %s | %s | 100 ns |%n%n", Figures.time(lifts.median()), Figures.time(lifts.quantile(.99)));
    }

    private double pairs(VirtualProcessor vp) {
        Figures figures = new Figures();
        for (int i = 0; i < WARM_UP; i++) {
            vp.inhibitFlushes(0);
            vp.liftFlushInhibit(0);
        }
        for (long begin = System.nanoTime(); System.nanoTime() - begin < nanoseconds; ) {
            long start = System.nanoTime();
            for (int i = 0; i < BATCH; i++) {
                vp.inhibitFlushes(0);
                vp.liftFlushInhibit(0);
            }
            figures.add((double) (System.nanoTime() - start) / BATCH);
        }
        return figures.median();
    }

    private double periods(GracePeriod period) {
        Figures figures = new Figures();
        for (long begin = System.nanoTime(); figures.count() < 3 || System.nanoTime() - begin < nanoseconds; ) {
            // Without a pause the next few samples would find the VPs where the last one left them.
            LockSupport.parkNanos(PAUSE_NANOS);
            long start = System.nanoTime();
            period.inhibit();
            period.lift();
            figures.add(System.nanoTime() - start);
        }
        return figures.median();
    }

    private void print() {
        out.println("Ratios: to VPs that sleep, and, for those that use the host's processors, to VPs that compute.");
        out.println();
        out.println(
                "| one VP inhibited and lifted while 62 others | gate | ratio, target 1.2 | grace period | ratio | grace period to gate |");
        out.println("|---|---|---|---|---|---|");
        gate.forEach((job, cost) -> out.printf(
                "| %s | %s | %s | %s | %s | %s |%n",
                name(job),
                Figures.time(cost),
                Figures.ratio(cost, gate.get(alike(job))),
                Figures.time(grace.get(job)),
                Figures.ratio(grace.get(job), grace.get(alike(job))),
                Figures.ratio(grace.get(job), cost)));
        out.println();
    }

    /** Who use the host's processors as much, but are not in the hypervisor. */
    private static Job alike(Job job) {
        return job == Job.SLEEP || job == Job.DEVICE ? Job.SLEEP : Job.COMPUTE;
    }

    private static String name(Job job) {
        return switch (job) {
            case SLEEP -> "sleep";
            case HYPERCALL -> "make hypercalls";
            case TRANSLATE -> "have page tables walked";
            case DEVICE -> "wait for a slow device";
            case COMPUTE -> "compute, outside the hypervisor";
            case FLUSH -> throw new IllegalArgumentException(job.toString());
        };
    }
}
