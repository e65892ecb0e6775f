package portcullis.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VpDriver;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.hypervisor.time.HostAlarms;
import portcullis.tlfs.HvMsr;

/**
 * Many VPs at once, each on its thread, by the host's clock: four make random calls and MSR accesses; two more are started, changed
 * and left to run what they find; one thread changes input pages under the callers; one inhibits flushes and lifts, pauses, resets
 * and looks at registers. Not the same again for a seed. What a call by itself may do is checked as in {@link Program}; ROM at
 * the end; and that everybody gets on, all the time.
 */
final class Storm implements VpDriver, AutoCloseable {
    private static final int CALLERS = 4;
    /** A step takes microseconds. */
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private static final long LOOK_NANOS = 20_000_000;

    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();
    private final List<StormWorker> workers = new ArrayList<>();
    private final Machine machine;
    private final long seed;
    private final Tally ends = new Tally();
    private volatile Throwable failure;

    Storm(long seed) {
        this.seed = seed;
        machine = new Machine(Variant.FULL, new HostAlarms(), this);
        machine.partition.setBootState(boot -> boot.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 1));
    }

    @Override
    public void start(Partition partition, List<VirtualProcessor> processors) {
        for (VirtualProcessor vp : processors) {
            Runnable life;
            if (vp.index() < CALLERS) {
                StormWorker worker = new StormWorker(machine, vp, seed + vp.index(), CALLERS, over);
                workers.add(worker);
                life = worker;
            } else {
                life = () -> live(vp);
            }
            Thread thread = new Thread(life, "storm vp " + vp.index());
            thread.setDaemon(true);
            vp.bind(thread);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    private static void live(VirtualProcessor vp) {
        while (true) {
            switch (vp.turn()) {
                case RAN -> {}
                case IDLE, PAUSED -> vp.park();
                case STOPPED -> {
                    vp.unbind();
                    return;
                }
            }
        }
    }

    @Override
    public void join() {
        for (Thread thread : threads) {
            try {
                thread.join(PATIENCE_NANOS / 1_000_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (thread.isAlive()) {
                throw new Violation("%s does not end%n%s".formatted(thread.getName(), state()));
            }
        }
    }

    /** Runs until {@code calls} have been made, or a rule is broken. @throws Violation then */
    Tally run(long calls) {
        machine.partition.start();
        Thread host = disturb("storm host", this::host);
        Thread pages = disturb("storm pages", this::changePages);
        try {
            watch(calls);
        } finally {
            over.set(true);
            await(host);
            await(pages);
        }
        machine.vps.forEach(vp -> vp.liftFlushInhibit(0));
        machine.partition.stop();
        if (failure() instanceof Throwable thrown) {
            throw new Violation("storm %d".formatted(seed), thrown);
        }
        checkRom();
        Tally all = new Tally();
        workers.forEach(worker -> all.add(worker.tally));
        all.add(ends);
        return all;
    }

    private Throwable failure() {
        for (StormWorker worker : workers) {
            if (worker.failure() != null) {
                return worker.failure();
            }
        }
        return failure;
    }

    private Thread disturb(String name, Runnable life) {
        Thread thread = new Thread(
                () -> {
                    try {
                        life.run();
                    } catch (RuntimeException | Error thrown) {
                        failure = thrown;
                        over.set(true);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
        return thread;
    }

    private void await(Thread thread) {
        try {
            thread.join(PATIENCE_NANOS / 1_000_000);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (thread.isAlive()) {
            throw new Violation("%s does not end%n%s".formatted(thread.getName(), state()));
        }
    }

    /** Everybody must get on. */
    private void watch(long calls) {
        long[] seen = new long[CALLERS];
        long[] since = new long[CALLERS];
        java.util.Arrays.fill(since, System.nanoTime());
        while (!over.get()) {
            LockSupport.parkNanos(LOOK_NANOS);
            long made = 0;
            for (int i = 0; i < CALLERS; i++) {
                made += workers.get(i).tally.calls;
                long steps = workers.get(i).steps();
                if (steps != seen[i]) {
                    seen[i] = steps;
                    since[i] = System.nanoTime();
                } else if (System.nanoTime() - since[i] > PATIENCE_NANOS) {
                    throw new Violation("vp %d does not get on%n%s".formatted(i, state()));
                }
            }
            if (made >= calls) {
                return;
            }
        }
    }

    /** Who waits, and where. */
    private String state() {
        StringBuilder text = new StringBuilder(machine.describe());
        for (Thread thread : threads) {
            text.append(thread.getName()).append(' ').append(thread.getState()).append(System.lineSeparator());
            for (StackTraceElement frame : thread.getStackTrace()) {
                text.append("    ").append(frame).append(System.lineSeparator());
            }
        }
        return text.toString();
    }

    private void changePages() {
        SplittableRandom random = new SplittableRandom(seed);
        while (!over.get()) {
            for (int i = 0; i < 64; i++) {
                int page = random.nextInt(StormWorker.SHARED_PAGES + CALLERS);
                // Not who is meant: that is for each caller to say.
                int first = page < StormWorker.SHARED_PAGES ? 0 : 16;
                long gpa = Layout.PLAYGROUND + (long) page * Layout.PAGE;
                int offset = first + random.nextInt(random.nextBoolean() ? 64 : Layout.PAGE - first - 8);
                machine.memory.putByte(gpa + offset, (byte) random.nextInt());
            }
            Thread.onSpinWait();
        }
    }

    private void host() {
        SplittableRandom random = new SplittableRandom(~seed);
        while (!over.get()) {
            Outcome outcome = machine.outcome();
            if (outcome instanceof Outcome.HostError error) {
                throw new Violation("the host failed on vp " + error.vp(), error.cause());
            }
            if (outcome != null) {
                ends.ended(outcome.getClass().getSimpleName());
                machine.partition.reset();
                ends.programs++;
            }
            disturb(random, machine.vps.get(random.nextInt(machine.vps.size())));
            if (random.nextInt(8) == 0) {
                LockSupport.parkNanos(random.nextInt(200_000));
            }
        }
    }

    private void disturb(SplittableRandom random, VirtualProcessor vp) {
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> {
                vp.inhibitFlushes(0);
                LockSupport.parkNanos(random.nextInt(100_000));
                vp.liftFlushInhibit(0);
            }
            case 3, 4 -> vp.liftFlushInhibit(0);
            case 5 -> vp.inhibitFlushes(0);
            case 6 -> vp.call(() -> vp.cpu().describe());
            case 7 -> {
                if (vp.index() >= CALLERS) {
                    machine.partition.injectNmi(vp.index());
                }
            }
            case 8 -> {
                if (machine.partition.connections().port(1) instanceof MessagePort port) {
                    port.post(7, new byte[random.nextInt(241)]);
                }
            }
            case 9 -> pause(random);
            case 10 -> {
                if (random.nextInt(50) == 0) {
                    machine.partition.reset();
                    ends.ended("reset by the host");
                }
            }
            default -> machine.vps.forEach(each -> each.liftFlushInhibit(0));
        }
    }

    private void pause(SplittableRandom random) {
        machine.partition.pause();
        LockSupport.parkNanos(random.nextInt(50_000));
        if (machine.outcome() == null) {
            try {
                machine.partition.resume();
            } catch (IllegalStateException ended) {
                // Between the two.
            }
        }
    }

    /** RAM is the guest's to write, by stacks that lie anywhere; ROM is nobody's. */
    private void checkRom() {
        for (int offset = 8; offset < Layout.ROM_SIZE; offset += 8) {
            boolean same = machine.memory.getLong(Layout.ROM + offset) == 0;
            Violation.require(same, "somebody has written ROM at %x", Layout.ROM + offset);
        }
    }

    @Override
    public void close() {
        machine.close();
    }
}
