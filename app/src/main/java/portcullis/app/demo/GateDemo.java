package portcullis.app.demo;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import portcullis.hypervisor.FlushInhibit;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.Tracing;
import portcullis.machine.Pc;
import portcullis.machine.config.BootFiles;
import portcullis.machine.config.ConsoleKind;
import portcullis.machine.config.EngineFactory;
import portcullis.machine.config.HostAttachments;
import portcullis.machine.config.MachineConfig;
import portcullis.machine.config.TimeSource;
import portcullis.machine.loader.KernelLoader;
import portcullis.machine.loader.LoadException;

/**
 * The flush gate at work. VP 0 changes a page-table entry and flushes it, without end; the others read through it. The host inhibits
 * the flushes of VP 1, waits until VP 0 is suspended and VP 1 has read through its old translation for a while, lifts the inhibit and
 * waits until VP 0 has gone on: some rounds at people's pace, then many as fast as they go.
 *
 * <p>All waits are for states that can be observed. {@link #PATIENCE_SECONDS} is for a host that stands still: a wait that takes so
 * long ends the demonstration, and proves nothing.
 */
public final class GateDemo {
    /** Rounds at people's pace: VP 1 reads its old page so often before the lift, VP 0 flushes so often after it. */
    private static final int SLOW_ROUNDS = 4;

    private static final int SLOW_READS = 200_000;
    private static final int SLOW_FLUSHES = 1_000;
    private static final int QUICK_READS = 20;
    private static final int QUICK_FLUSHES = 3;

    private static final long PATIENCE_SECONDS = 60;
    private static final long NAP_NANOS = 200_000;
    /** How often the running numbers change. */
    private static final long COUNT_NANOS = 100_000_000;
    /** Events are told so much after they happened at most, or shown out of order. */
    private static final long LATE_NANOS = 2_000_000;

    private static final int IDLE_ROUNDS = 100_000;
    private static final int IDLE_BATCHES = 5;

    private static final long MEMORY = 64L << 20;
    private static final int LEVEL = 0;
    private static final int FLUSHER = 0;
    private static final int INHIBITED = 1;
    private static final int GUEST_RIGHT = 1;
    /** It has seen what it must not see: the facts say so, too. */
    private static final int GUEST_WRONG = 3;

    private static final EnumSet<Kind> SHOWN =
            EnumSet.of(Kind.RUN_STATE, Kind.SUSPEND, Kind.RESUME, Kind.INHIBIT, Kind.LIFT, Kind.CYCLE);

    private final Pc pc;
    private final Partition partition;
    private final Storm storm;
    private final Stage stage;
    private final Options options;
    private final ByteArrayOutputStream output;
    private final Queue<TraceEvent> events = new ConcurrentLinkedQueue<>();
    private final Thread host = Thread.currentThread();
    /** Who waits is known a moment before: it may still find the gate open, and try again. */
    private final AtomicLong suspensionsSeen = new AtomicLong();

    private volatile Outcome outcome;
    private long counted = System.nanoTime();

    private final Durations suspended = new Durations();
    private final Durations liftToRun = new Durations();
    private final Durations inhibits = new Durations();
    private final Durations lifts = new Durations();
    /** Of lifts, and of those who went on: the first of one belongs to the first of the other. */
    private final Queue<Long> lifted = new ArrayDeque<>();

    private final Queue<Long> resumed = new ArrayDeque<>();
    private long suspensions;
    private long readsWhileInhibited;
    private boolean quick;

    private GateDemo(Pc pc, Stage stage, ByteArrayOutputStream output, Options options) {
        this.pc = pc;
        this.stage = stage;
        this.output = output;
        this.options = options;
        partition = pc.partition();
        storm = new Storm(partition.memory());
    }

    /**
     * How it is to be shown.
     *
     * @param processors 2 or more
     * @param quickRounds 1 or more
     * @param hurry whether the slow rounds need not be slow: nobody watches
     * @param columns of the terminal; 0 where there is none: a line for each event then
     * @param fine whether the terminal shows more than ASCII
     */
    public record Options(int processors, int quickRounds, boolean hurry, int columns, boolean fine) {}

    /**
     * Shows it.
     *
     * @param guest the image of {@code flushstorm}
     * @return whether the gate has held
     * @throws DemoException where the guest or the host does not get on
     * @throws LoadException where the guest cannot be loaded
     */
    public static boolean show(Path guest, EngineFactory engines, PrintStream out, Options options)
            throws DemoException, LoadException, InterruptedException {
        out.printf(
                "Flushes of vp %d are inhibited, and vp %d, which flushes without end, is suspended until that is lifted.%n%n",
                INHIBITED, FLUSHER);
        Stage stage = options.columns > 0
                ? new LiveStage(out, options.processors, options.columns, options.fine)
                : new PlainStage(out);
        Facts facts;
        try {
            facts = measure(guest, engines, stage, options);
        } finally {
            stage.close();
        }
        out.println();
        facts.lines().forEach(out::println);
        out.println();
        out.println(
                facts.right()
                        ? "The gate held: while vp 1 was inhibited no flush changed its TLB, and no page was seen after its flush."
                        : "The gate did NOT hold.");
        return facts.right();
    }

    private static Facts measure(Path guest, EngineFactory engines, Stage stage, Options options)
            throws DemoException, LoadException, InterruptedException {
        MachineConfig config = new MachineConfig(
                options.processors,
                MEMORY,
                new BootFiles(guest, KernelLoader.Format.MULTIBOOT, List.of(), "paced 0"),
                List.of(),
                new TimeSource.Host(),
                ConsoleKind.SERIAL,
                HypervConfig.ON);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (Pc pc = new Pc(config, engines, HostAttachments.serialOnly(output::write))) {
            return new GateDemo(pc, stage, output, options).run();
        }
    }

    private Facts run() throws DemoException, LoadException, InterruptedException {
        int number = partition.trace().number();
        Tracing.Subscription watching = Tracing.subscribe(SHOWN, event -> {
            if (event.at().partition() == number) {
                events.add(event);
                if (event.kind() == Kind.SUSPEND) {
                    suspensionsSeen.incrementAndGet();
                }
                LockSupport.unpark(host);
            }
        });
        try {
            tell("starts the guest");
            pc.start();
            Thread.ofPlatform().name("demo's end").daemon().start(this::awaitOutcome);
            play();
        } finally {
            watching.close();
        }
        return facts();
    }

    private void awaitOutcome() {
        try {
            outcome = pc.awaitEnd();
            LockSupport.unpark(host);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void play() throws DemoException, InterruptedException {
        await("the guest to begin", () -> storm.running() && storm.completed(FLUSHER) > 0);
        for (int i = 1; i <= SLOW_ROUNDS; i++) {
            tell("round " + i + " of " + SLOW_ROUNDS);
            if (options.hurry) {
                round(QUICK_READS, QUICK_FLUSHES);
            } else {
                round(SLOW_READS, SLOW_FLUSHES);
            }
        }
        tell("inhibits and lifts " + options.quickRounds + " times more, as fast as it goes");
        settle();
        quick = true;
        for (int i = 0; i < options.quickRounds; i++) {
            round(QUICK_READS, QUICK_FLUSHES);
        }
        settle();
        quick = false;
        tell("has the guest count up");
        storm.stop();
        awaitEnd();
        settle();
        if (!(outcome instanceof Outcome.GuestExit(int status)) || status != GUEST_RIGHT && status != GUEST_WRONG) {
            throw new DemoException("the guest ended with " + outcome + "; it said: " + lastLine());
        }
    }

    private void round(int reads, int flushes) throws DemoException, InterruptedException {
        doing("inhibits flushes of vp 1");
        long suspensionsBefore = suspensionsSeen.get();
        inhibits.add(timed(FlushInhibit.SET));
        await(
                "vp 0 to be suspended on vp 1",
                () -> waitingOn(FLUSHER) == INHIBITED && suspensionsSeen.get() > suspensionsBefore);
        doing("lets vp 1 read through the translation that it has");
        long before = storm.behind(INHIBITED);
        await("vp 1 to read its old page", () -> storm.behind(INHIBITED) - before >= reads);
        readsWhileInhibited += storm.behind(INHIBITED) - before;
        long completed = storm.completed(FLUSHER);
        doing("has lifted the inhibit");
        lifts.add(timed(FlushInhibit.CLEAR));
        await("vp 0 to go on", () -> storm.completed(FLUSHER) - completed >= flushes);
    }

    private int waitingOn(int vp) {
        return partition.processors().get(vp).context(LEVEL).flushPass().waitingOn();
    }

    private long timed(FlushInhibit request) {
        long began = System.nanoTime();
        partition.setFlushInhibit(INHIBITED, LEVEL, request);
        return System.nanoTime() - began;
    }

    private Facts facts() {
        long stale = 0;
        long refused = 0;
        for (int vp = 0; vp < partition.processors().size(); vp++) {
            stale += storm.stale(vp);
            refused += storm.refused(vp);
        }
        return new Facts(
                storm.completed(FLUSHER),
                suspensions,
                readsWhileInhibited,
                stale,
                refused,
                suspended,
                liftToRun,
                inhibits,
                lifts,
                idleCost(),
                lastLine());
    }

    /**
     * Both, in nanoseconds, when the guest has come to its end. The best of some batches: this is no benchmark.
     *
     * @return NaN where somebody records each of them
     */
    private double idleCost() {
        if (Tracing.wants(Kind.INHIBIT) || Tracing.wants(Kind.LIFT)) {
            return Double.NaN;
        }
        long best = Long.MAX_VALUE;
        for (int batch = 0; batch < IDLE_BATCHES; batch++) {
            long began = System.nanoTime();
            for (int i = 0; i < IDLE_ROUNDS; i++) {
                partition.setFlushInhibit(INHIBITED, LEVEL, FlushInhibit.SET);
                partition.setFlushInhibit(INHIBITED, LEVEL, FlushInhibit.CLEAR);
            }
            best = Math.min(best, System.nanoTime() - began);
        }
        return (double) best / IDLE_ROUNDS;
    }

    private String lastLine() {
        return output.toString(StandardCharsets.ISO_8859_1)
                .lines()
                .reduce("nothing", (before, line) -> line)
                .replaceFirst("^flushstorm: ", "");
    }

    // Waiting, and showing meanwhile

    private void await(String what, BooleanSupplier state) throws DemoException, InterruptedException {
        long began = System.nanoTime();
        while (!state.getAsBoolean()) {
            drain();
            if (outcome != null) {
                throw new DemoException("the guest ended with %s while the host waited for %s; it said: %s"
                        .formatted(outcome, what, lastLine()));
            }
            nap(what, began);
        }
    }

    private void awaitEnd() throws DemoException, InterruptedException {
        long began = System.nanoTime();
        while (outcome == null) {
            drain();
            nap("the guest to end", began);
        }
    }

    private void nap(String what, long began) throws DemoException, InterruptedException {
        if (System.nanoTime() - began > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
            throw new DemoException("waited in vain for " + what);
        }
        LockSupport.parkNanos(this, NAP_NANOS);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    /** Something to be shown, an event or words, in order of time: who tells of an event may be late. */
    private record Shown(long time, TraceEvent event, String words) {}

    private final Queue<Shown> shown = new PriorityQueue<>(Comparator.comparingLong(Shown::time));

    private void tell(String what) {
        shown.add(new Shown(partition.time().clock().ticks(), null, what));
    }

    private void doing(String what) {
        if (!quick) {
            stage.doing(what);
        }
    }

    private void drain() {
        drainUntil(partition.time().clock().ticks() - LATE_NANOS);
        long now = System.nanoTime();
        if (now - counted > COUNT_NANOS) {
            counted = now;
            count();
        }
        stage.tick();
    }

    /** Shows all that has been told. */
    private void settle() {
        drainUntil(Long.MAX_VALUE);
        count();
    }

    private void count() {
        stage.count(String.format(
                Locale.ROOT,
                "%,d flushes by vp 0, suspended %,d times; %,d reads by vp 1 of its old page",
                storm.completed(FLUSHER),
                suspensions,
                storm.behind(INHIBITED)));
    }

    private void drainUntil(long time) {
        for (TraceEvent event = events.poll(); event != null; event = events.poll()) {
            note(event);
            if (!quick || stage.takesMany()) {
                shown.add(new Shown(event.at().time(), event, null));
            }
        }
        while (!shown.isEmpty() && shown.peek().time <= time) {
            Shown next = shown.poll();
            if (next.event != null) {
                stage.happened(next.event);
            } else {
                stage.chapter(next.words);
            }
        }
    }

    private void note(TraceEvent event) {
        switch (event) {
            case TraceEvent.Suspend e -> suspensions++;
            case TraceEvent.Lift e -> lifted.add(e.at().time());
            case TraceEvent.Resume e -> {
                resumed.add(e.at().time());
                if (quick) {
                    suspended.add(e.suspended());
                }
            }
            default -> {
                // Nothing to measure.
            }
        }
        while (!lifted.isEmpty() && !resumed.isEmpty()) {
            liftToRun.add(resumed.remove() - lifted.remove());
        }
    }
}
