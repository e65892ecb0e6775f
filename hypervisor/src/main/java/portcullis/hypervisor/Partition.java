package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.gate.FlushGates;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.gate.WaitGraph;
import portcullis.hypervisor.hypercall.HypercallTable;
import portcullis.hypervisor.hyperv.CrashRegisters;
import portcullis.hypervisor.hyperv.GuestCrash;
import portcullis.hypervisor.hyperv.HypercallPage;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.hyperv.PartitionLevel;
import portcullis.hypervisor.hyperv.Reenlightenment;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.synic.SynicDirectory;
import portcullis.hypervisor.time.GuestTime;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.hypervisor.vsm.Protections;
import portcullis.hypervisor.vsm.TrustLevels;
import portcullis.memory.GuestMemory;
import portcullis.state.Saved;
import portcullis.state.SavedParts;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A guest's processors, memory and time, and the control over them.
 *
 * <p>The control methods ({@link #start}, {@link #pause}, {@link #resume}, {@link #reset}, {@link #stop}) are for threads that
 * are neither VPs nor alarms: they wait for VPs. What a device wants goes through {@link #end}, which waits for nobody.
 */
public final class Partition implements AutoCloseable {
    private enum State {
        CREATED,
        RUNNING,
        PAUSED,
        STOPPED
    }

    private static final IoHandler NO_MACHINE = new IoHandler() {
        @Override
        public int portRead(int port, int size) {
            return -1;
        }

        @Override
        public void portWrite(int port, int size, int value) {}

        @Override
        public long mmioRead(long gpa, int size) {
            return -1;
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {}
    };

    /** Trust levels that there can be: 0 to 2. */
    public static final int TRUST_LEVELS = 3;

    private final GuestMemory memory;
    private final Engine engine;
    private final GuestTime time;
    private final PartitionConfig config;
    private final VpDriver driver;
    private final InterruptFabric[] fabrics = new InterruptFabric[TRUST_LEVELS];
    private final ReferenceTime referenceTime;
    /** Those that are enabled. */
    private final PartitionLevel[] levels = new PartitionLevel[TRUST_LEVELS];

    /** All that there ever were. */
    private final PartitionLevel[] made = new PartitionLevel[TRUST_LEVELS];

    private final FlushGates[] gates = new FlushGates[TRUST_LEVELS];
    private final WaitGraph waitGraph;
    private final TrustLevels trustLevels;
    private final Protections protections;
    private final CrashRegisters crashRegisters = new CrashRegisters();
    private final Reenlightenment reenlightenment = new Reenlightenment();
    private final Connections connections = new Connections(new Synics());
    private final HypercallTable hypercallTable;
    private volatile long debugOptions;
    private volatile Consumer<GuestCrash> crashListener = crash -> {};
    private volatile Consumer<String> circleListener = circle -> {};
    /** Since the last reset. */
    private final AtomicBoolean circleTold = new AtomicBoolean();

    private final PartitionTrace trace;
    private final List<VirtualProcessor> processors;
    private final List<Runnable> resetListeners = new CopyOnWriteArrayList<>();
    private volatile IoHandler io = NO_MACHINE;
    private volatile BootState bootState = BootState.RESET_VECTOR;

    /** Held through a whole control operation: they come one after the other. VPs and alarms never take it. */
    private final ReentrantLock control = new ReentrantLock();

    /** Guards state and outcome; held for moments only. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private State state = State.CREATED;
    private Outcome outcome;

    /**
     * @param engine made for {@code memory} and the clock of {@code time}; closed with the partition, as is {@code time}
     * @param driver not used before
     */
    public Partition(GuestMemory memory, Engine engine, GuestTime time, PartitionConfig config, VpDriver driver) {
        this.memory = memory;
        this.engine = engine;
        this.time = time;
        this.config = config;
        this.driver = driver;
        trace = new PartitionTrace(time.clock());
        int[] apicIds = config.apicIds();
        engine.setHypervisorLeaves(config.hyperv().leaves(apicIds.length));
        referenceTime = new ReferenceTime(time.clock());
        hypercallTable = new HypercallTable(HypercallSet.offeredBy(config.hyperv()));
        trustLevels = new TrustLevels(config.hyperv().trustLevels());
        protections = new Protections(memory, trustLevels);
        openLevel(0);
        List<VirtualProcessor> made = new ArrayList<>();
        for (int index = 0; index < apicIds.length; index++) {
            int apicId = apicIds[index];
            made.add(new VirtualProcessor(this, index, apicId, engine.createCpu(index, apicId)));
        }
        processors = List.copyOf(made);
        waitGraph = new WaitGraph(
                made.size(), level -> gates[level], vp -> made.get(vp).context().level());
        processors.forEach(VirtualProcessor::complete);
        time.onFailure(failure -> end(new Outcome.HostError(-1, failure)));
    }

    public GuestMemory memory() {
        return memory;
    }

    public Engine engine() {
        return engine;
    }

    public GuestTime time() {
        return time;
    }

    public PartitionConfig config() {
        return config;
    }

    /** Numbers this partition in traces. */
    public PartitionTrace trace() {
        return trace;
    }

    /** Where devices' interrupt messages go: to level 0. */
    public InterruptFabric fabric() {
        return fabrics[0];
    }

    /** Where interrupts of one trust level go. */
    InterruptFabric fabric(int level) {
        return fabrics[level];
    }

    /** What higher levels refuse to lower ones. */
    public Protections protections() {
        return protections;
    }

    /** What the partition has of trust levels. */
    public TrustLevels trustLevels() {
        return trustLevels;
    }

    /** By VP index. The first is the boot processor. */
    public List<VirtualProcessor> processors() {
        return processors;
    }

    /** What of Microsoft's interface is offered. */
    public HypervConfig hyperv() {
        return config.hyperv();
    }

    public ReferenceTime referenceTime() {
        return referenceTime;
    }

    /** The partition's state for one trust level, or null where it has not been enabled. */
    public PartitionLevel level(int level) {
        return levels[level];
    }

    /** What stands before the TLBs of one trust level. */
    public FlushGates gates(int level) {
        return gates[level];
    }

    /** Who waits for whom at gates. Any thread. */
    public WaitGraph waitGraph() {
        return waitGraph;
    }

    /**
     * Inhibits TLB flushes of one trust level of one VP for the host, or ends that (docs/gate.md). Idempotent. Any thread but a
     * VP's; returns when no flush is passing.
     *
     * @throws IllegalArgumentException for flags, a VP or a trust level that do not exist
     */
    public void setFlushInhibit(int vp, int level, FlushInhibit request) {
        VirtualProcessor target = flushTarget(vp, level);
        if (request.flags() != 0) {
            throw new IllegalArgumentException("there are no such flags: " + Integer.toHexString(request.flags()));
        }
        if (request.inhibit()) {
            target.inhibitFlushes(level);
        } else {
            target.liftFlushInhibit(level);
        }
    }

    /**
     * Why flushes of one trust level of one VP are inhibited: bits of {@link portcullis.hypervisor.gate.InhibitReason}. Any
     * thread.
     *
     * @throws IllegalArgumentException for a VP or a trust level that does not exist
     */
    public int flushInhibit(int vp, int level) {
        return flushTarget(vp, level).flushInhibitReasons(level);
    }

    private VirtualProcessor flushTarget(int vp, int level) {
        if (vp < 0 || vp >= processors.size()) {
            throw new IllegalArgumentException("there is no vp " + vp);
        }
        VirtualProcessor target = processors.get(vp);
        if (level < 0 || level >= TRUST_LEVELS || target.context(level) == null) {
            throw new IllegalArgumentException("vp " + vp + " has no trust level " + level);
        }
        return target;
    }

    public CrashRegisters crashRegisters() {
        return crashRegisters;
    }

    public Reenlightenment reenlightenment() {
        return reenlightenment;
    }

    /** Where messages and events of the guest go, and how the host sends such. Thread-safe. */
    public Connections connections() {
        return connections;
    }

    private final class Synics implements SynicDirectory {
        @Override
        public int processors() {
            return processors.size();
        }

        @Override
        public Synic synic(int vp, int vtl) {
            if (vp < 0 || vp >= processors.size()) {
                return null;
            }
            VtlContext context = processors.get(vp).context(vtl);
            return context == null ? null : context.synic();
        }
    }

    /** HV_X64_MSR_SYNDBG_OPTIONS. */
    public long debugOptions() {
        return debugOptions;
    }

    public void setDebugOptions(long value) {
        debugOptions = value;
    }

    HypercallTable hypercallTable() {
        return hypercallTable;
    }

    /** Who is told when the guest reports that it has crashed. On a VP's thread; must not wait. */
    public void onGuestCrash(Consumer<GuestCrash> listener) {
        crashListener = listener;
    }

    /**
     * Who is told, in one line, when VPs have come to wait for each other in a circle (docs/gate.md): the first time after each reset.
     * On a VP's thread; must not wait.
     */
    public void onCircle(Consumer<String> listener) {
        circleListener = listener;
    }

    void circleClosed(List<Wait> circle) {
        if (circleTold.compareAndSet(false, true)) {
            circleListener.accept("the guest's processors wait for each other, and nothing it executes ends that: "
                    + WaitGraph.describe(circle).replace("\n", "; "));
        }
    }

    /** The guest writes its crash control register. */
    public void guestCrashes(int vp, int level, long control) {
        GuestCrash crash = crashRegisters.control(vp, control, memory.view(level));
        if (crash != null) {
            crashListener.accept(crash);
        }
    }

    /** Makes what a partition has for one trust level. */
    public void openLevel(int level) {
        if (fabrics[level] != null) {
            // It was there before a reset.
            levels[level] = made[level];
            return;
        }
        fabrics[level] = new InterruptFabric();
        gates[level] = new FlushGates(
                config.apicIds().length,
                vp -> gate -> processors.get(vp).requests().raise(VpRequests.RESUMED));
        made[level] = new PartitionLevel(memory, level, referenceTime, HypercallPage.code(engine));
        levels[level] = made[level];
        memory.view(level).onChange(() -> viewChanged(level));
    }

    /**
     * What a level sees of guest memory has changed: no VP executes with an old translation of it when this returns. Any thread.
     */
    private void viewChanged(int level) {
        for (VirtualProcessor vp : processors()) {
            vp.pendingFlushes().addEverything(level);
            vp.flushPosted();
        }
        processors().forEach(VirtualProcessor::awaitFlushSeen);
    }

    IoHandler io() {
        return io;
    }

    /** Connects the machine. Before start. */
    public void setIoHandler(IoHandler handler) {
        io = handler;
    }

    /** What the boot processor starts with, at start and after each reset. */
    public void setBootState(BootState loader) {
        bootState = loader;
    }

    /** Devices reset themselves in {@code listener}; all VPs are out of guest mode. In order of registration. */
    public void onReset(Runnable listener) {
        resetListeners.add(listener);
    }

    // Control

    /**
     * Resets everything, has the boot state loaded, and lets the VPs run. What the boot state throws comes out and leaves the
     * partition unstarted.
     *
     * @throws IllegalStateException where it has been started before
     */
    public void start() {
        control.lock();
        try {
            require(State.CREATED);
            time.pause();
            resetEverything();
            processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
            driver.start(this, processors);
            go();
        } finally {
            control.unlock();
        }
    }

    private void require(State wanted) {
        lock.lock();
        try {
            if (state != wanted) {
                throw new IllegalStateException("the partition is " + state + ", not " + wanted);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Everybody runs, unless the run has ended meanwhile. */
    private void go() {
        lock.lock();
        try {
            state = State.RUNNING;
            if (outcome == null) {
                time.resume();
                processors.forEach(vp -> vp.requests().resume());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Brings every VP out of guest mode and stops time; returns when that is so. Idempotent. */
    public void pause() {
        refuseOnVpThread();
        control.lock();
        try {
            lock.lock();
            try {
                if (state != State.RUNNING && state != State.PAUSED) {
                    throw new IllegalStateException("the partition is " + state);
                }
                state = State.PAUSED;
            } finally {
                lock.unlock();
            }
            quiesce();
            time.pause();
        } finally {
            control.unlock();
        }
    }

    /**
     * Has every VP come out of guest mode soon and stay there. Does not wait, so any thread may call it, a VP's too: where it is the
     * one thread of a deterministic run, the moment is part of the run. {@link #pause} waits for it.
     */
    public void pauseSoon() {
        processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
    }

    private void refuseOnVpThread() {
        if (processors.stream().anyMatch(VirtualProcessor::onItsThread)) {
            throw new IllegalStateException("a VP cannot wait for itself; devices call end()");
        }
    }

    private void quiesce() {
        processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
        lock.lock();
        try {
            while (!allQuiet()) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean allQuiet() {
        return processors.stream().allMatch(VirtualProcessor::quiet);
    }

    /** A VP has answered a pause or has ended. */
    void vpQuiet() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Lets a paused partition go on. @throws IllegalStateException where it is not paused, or its run has ended */
    public void resume() {
        control.lock();
        try {
            lock.lock();
            try {
                require(State.PAUSED);
                if (outcome != null) {
                    throw new IllegalStateException("the run has ended: " + outcome + "; reset first");
                }
            } finally {
                lock.unlock();
            }
            go();
        } finally {
            control.unlock();
        }
    }

    /**
     * Resets the machine: devices, all VPs, and the boot state anew. A partition that is paused stays so; one that runs, or whose
     * run has ended, runs.
     */
    public void reset() {
        refuseOnVpThread();
        control.lock();
        try {
            boolean paused;
            lock.lock();
            try {
                if (state != State.RUNNING && state != State.PAUSED) {
                    throw new IllegalStateException("the partition is " + state);
                }
                paused = state == State.PAUSED;
            } finally {
                lock.unlock();
            }
            quiesce();
            time.pause();
            resetEverything();
            lock.lock();
            try {
                outcome = null;
            } finally {
                lock.unlock();
            }
            if (!paused) {
                go();
            }
        } finally {
            control.unlock();
        }
    }

    /** What is done while a partition stands. */
    @FunctionalInterface
    public interface Standstill<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Does {@code action} while everything stands: all VPs are quiet, no time passes, nothing falls due, and nobody can resume. A
     * partition that runs is paused before and goes on behind it.
     *
     * @throws IllegalStateException where it has not been started, or its run has ended
     */
    public <T, E extends Exception> T standstill(Standstill<T, E> action) throws E {
        control.lock();
        try {
            boolean ran = running();
            pause();
            try {
                lock.lock();
                try {
                    if (outcome != null) {
                        throw new IllegalStateException("the run has ended: " + outcome);
                    }
                } finally {
                    lock.unlock();
                }
                return action.run();
            } finally {
                if (ran) {
                    go();
                }
            }
        } finally {
            control.unlock();
        }
    }

    private boolean running() {
        lock.lock();
        try {
            return state == State.RUNNING;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Instead of {@link #start}: has {@code restore} put everything into its state, and is paused then. What that throws comes out
     * and leaves the partition unstarted.
     *
     * @throws IllegalStateException where it has been started before
     */
    public void startPaused(Runnable restore) {
        control.lock();
        try {
            require(State.CREATED);
            time.pause();
            restore.run();
            processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
            lock.lock();
            try {
                state = State.PAUSED;
            } finally {
                lock.unlock();
            }
            driver.start(this, processors);
            quiesce();
        } finally {
            control.unlock();
        }
    }

    private void resetEverything() {
        if (trustLevels.zeroesMemory()) {
            memory.zeroRam();
        }
        resetListeners.forEach(Runnable::run);
        for (PartitionLevel level : levels) {
            if (level != null) {
                level.reset();
            }
        }
        crashRegisters.reset();
        circleTold.set(false);
        reenlightenment.reset();
        debugOptions = 0;
        processors.forEach(vp -> vp.call(vp::reset));
        closeHigherLevels();
        VirtualProcessor boot = processors.getFirst();
        boot.call(() -> bootState.load(boot));
    }

    /** After a reset only level 0 is there (TLFS, "Partition VTL Initial state"). */
    private void closeHigherLevels() {
        trustLevels.reset();
        protections.reset();
        for (int level = 1; level < TRUST_LEVELS; level++) {
            levels[level] = null;
        }
    }

    /** Ends the VPs' threads and waits for that. The partition cannot be started again. Idempotent. */
    public void stop() {
        refuseOnVpThread();
        control.lock();
        try {
            State before;
            lock.lock();
            try {
                before = state;
                state = State.STOPPED;
                if (outcome == null) {
                    outcome = new Outcome.Stopped();
                }
            } finally {
                lock.unlock();
            }
            if (before == State.RUNNING || before == State.PAUSED) {
                processors.forEach(vp -> vp.requests().raise(VpRequests.STOP));
                driver.join();
            }
            time.pause();
            vpQuiet();
        } finally {
            control.unlock();
        }
    }

    /** Posts an NMI to one VP. */
    public void injectNmi(int vp) {
        processors.get(vp).injectNmi();
    }

    // The end of a run

    /** Ends the run: every VP comes out of guest mode soon. The first outcome counts. Any thread, without waiting. */
    public void end(Outcome how) {
        lock.lock();
        try {
            if (outcome == null && state != State.STOPPED) {
                outcome = how;
                processors.forEach(vp -> vp.requests().raise(VpRequests.PAUSE));
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the run has ended and no VP executes any more. */
    public Outcome awaitEnd() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (outcome == null || !allQuiet()) {
                changed.await();
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    /** Like {@link #awaitEnd()}, with a limit. */
    public Outcome awaitEnd(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException {
        long left = unit.toNanos(timeout);
        lock.lockInterruptibly();
        try {
            while (outcome == null || !allQuiet()) {
                if (left <= 0) {
                    throw new TimeoutException("the partition still runs");
                }
                left = changed.awaitNanos(left);
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    /** Stops, and closes CPUs, engine and time; not the memory, which devices may still use. */
    @Override
    public void close() {
        stop();
        time.close();
        processors.forEach(vp -> vp.cpu().close());
        engine.close();
    }

    // Saved state

    /** What belongs in a saved partition and must be restored before anything else, in this order. */
    public void addFirstParts(SavedParts parts) {
        parts.add("time", onVpThread(time));
        parts.add("partition", new OwnState());
    }

    /** What must be restored when ports are there, and before devices. */
    public void addProcessorParts(SavedParts parts) {
        processors.forEach(vp -> parts.add("vp " + vp.index(), vp));
        parts.add("gates", new GateState());
        parts.add("views", new ViewState());
    }

    /** What belongs in a saved partition and must be restored when everything else has been. */
    public void addLastParts(SavedParts parts) {
        parts.add("schedule", onVpThread(driver));
        parts.add("alarms", onVpThread(time.savedAlarms()));
    }

    /** By virtual time clock and schedule are the business of the thread that takes all turns: between two of them they are whole. */
    private Saved onVpThread(Saved part) {
        return new Saved() {
            @Override
            public void save(StateWriter out) {
                processors.getFirst().call(() -> part.save(out));
            }

            @Override
            public void restore(StateReader in) {
                processors.getFirst().call(() -> part.restore(in));
            }
        };
    }

    /** The partition's own, level by level. */
    private final class OwnState implements Saved {
        @Override
        public void save(StateWriter out) {
            trustLevels.save(out);
            for (int level = 0; level < TRUST_LEVELS; level++) {
                out.putBoolean(made[level] != null);
                if (made[level] != null) {
                    out.putBoolean(levels[level] != null);
                    made[level].save(out);
                    fabrics[level].save(out);
                }
            }
            crashRegisters.save(out);
            reenlightenment.save(out);
            out.putLong(debugOptions);
        }

        @Override
        public void restore(StateReader in) {
            trustLevels.restore(in);
            for (int level = 0; level < TRUST_LEVELS; level++) {
                if (in.getBoolean()) {
                    openLevel(level);
                    levels[level] = in.getBoolean() ? made[level] : null;
                    made[level].restore(in);
                    fabrics[level].restore(in);
                }
            }
            if (levels[0] == null) {
                throw in.refused("has no trust level 0");
            }
            crashRegisters.restore(in);
            reenlightenment.restore(in);
            debugOptions = in.getLong();
        }
    }

    private final class GateState implements Saved {
        @Override
        public void save(StateWriter out) {
            for (FlushGates level : gates) {
                if (level != null) {
                    level.save(out);
                }
            }
        }

        @Override
        public void restore(StateReader in) {
            for (FlushGates level : gates) {
                if (level != null) {
                    level.restore(in);
                }
            }
        }
    }

    private final class ViewState implements Saved {
        @Override
        public void save(StateWriter out) {
            for (int level = 0; level < GuestMemory.LEVELS; level++) {
                memory.view(level).save(out);
            }
        }

        @Override
        public void restore(StateReader in) {
            for (int level = 0; level < GuestMemory.LEVELS; level++) {
                memory.view(level).restore(in);
            }
        }
    }
}
