package portcullis.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.gate.FlushGates;
import portcullis.hypervisor.gate.WaitGraph;
import portcullis.hypervisor.hypercall.HypercallTable;
import portcullis.hypervisor.hyperv.GuestCrash;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.hyperv.PartitionLevel;
import portcullis.hypervisor.hyperv.PartitionMsrs;
import portcullis.hypervisor.hyperv.ReferenceTime;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.time.GuestTime;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.hypervisor.vsm.Protections;
import portcullis.hypervisor.vsm.TrustLevels;
import portcullis.memory.GuestMemory;

/**
 * A guest's processors, memory and time, and the control over them.
 *
 * <p>The control methods ({@link #start}, {@link #pause}, {@link #resume}, {@link #reset}, {@link #stop}) are for threads that
 * are neither VPs nor alarms: they wait for VPs. What a device wants goes through {@link #end}, which waits for nobody.
 */
public final class Partition implements AutoCloseable {
    /** Trust levels that there can be: 0 to 2. */
    public static final int TRUST_LEVELS = 3;

    private final GuestMemory memory;
    private final Engine engine;
    private final GuestTime time;
    private final PartitionConfig config;
    private final VpDriver driver;
    private final PartitionTrace trace;
    private final ReferenceTime referenceTime;
    private final PartitionLevels levels;
    private final PartitionMsrs msrs = new PartitionMsrs();
    private final Connections connections = new Connections(new PartitionSynics(this));
    private final HypercallTable hypercallTable;
    private final List<VirtualProcessor> processors;
    private final CircleWatch circles;
    private final RunControl control;
    private final List<Runnable> resetListeners = new CopyOnWriteArrayList<>();
    /** Until it is closed. */
    private final AtomicBoolean connected = new AtomicBoolean(true);

    private volatile IoHandler io = IoHandler.NOTHING;
    private volatile BootState bootState = BootState.RESET_VECTOR;
    private volatile Consumer<VirtualProcessor> breakpointListener = vp -> {};

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
        levels = new PartitionLevels(this);
        List<VirtualProcessor> made = new ArrayList<>();
        for (int index = 0; index < apicIds.length; index++) {
            int apicId = apicIds[index];
            made.add(new VirtualProcessor(this, index, apicId, engine.createCpu(index, apicId)));
        }
        processors = List.copyOf(made);
        circles = new CircleWatch(new WaitGraph(
                made.size(), levels::gates, vp -> made.get(vp).context().level()));
        control = new RunControl(processors, time, driver, this::resetEverything);
        processors.forEach(VirtualProcessor::complete);
        time.onFailure(failure -> end(new Outcome.HostError(-1, failure)));
    }

    // What it consists of

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

    /** What of Microsoft's interface is offered. */
    public HypervConfig hyperv() {
        return config.hyperv();
    }

    HypercallTable hypercallTable() {
        return hypercallTable;
    }

    /** Numbers this partition in traces. */
    public PartitionTrace trace() {
        return trace;
    }

    /** By VP index. The first is the boot processor. */
    public List<VirtualProcessor> processors() {
        return processors;
    }

    public ReferenceTime referenceTime() {
        return referenceTime;
    }

    /** Where messages and events of the guest go, and how the host sends such. Thread-safe. */
    public Connections connections() {
        return connections;
    }

    /** What stands behind synthetic MSRs that all VPs and trust levels share. */
    public PartitionMsrs msrs() {
        return msrs;
    }

    // Trust levels

    /** What the partition has of trust levels. */
    public TrustLevels trustLevels() {
        return levels.trust();
    }

    /** What higher levels refuse to lower ones. */
    public Protections protections() {
        return levels.protections();
    }

    /** Makes what a partition has for one trust level. */
    public void openLevel(int level) {
        levels.open(level);
    }

    /** The partition's state for one trust level, or null where it has not been enabled. */
    public PartitionLevel level(int level) {
        return levels.get(level);
    }

    /** Where devices' interrupt messages go: to level 0. */
    public InterruptFabric fabric() {
        return fabric(0);
    }

    /** Where interrupts of one trust level go; null where it has never been enabled. */
    InterruptFabric fabric(int level) {
        return levels.fabric(level);
    }

    // Flushes

    /** What stands before the TLBs of one trust level. */
    public FlushGates gates(int level) {
        return levels.gates(level);
    }

    /** Who waits for whom at gates. Any thread. */
    public WaitGraph waitGraph() {
        return circles.graph();
    }

    CircleWatch circles() {
        return circles;
    }

    /**
     * Inhibits TLB flushes of one trust level of one VP for the host, or ends that (docs/gate.md). Idempotent. Any thread but a
     * VP's; returns when no flush is passing.
     *
     * @throws IllegalArgumentException for flags, a VP or a trust level that do not exist
     */
    public void setFlushInhibit(int vp, int level, FlushInhibit request) {
        request.apply(flushTarget(vp), level);
    }

    /**
     * Why flushes of one trust level of one VP are inhibited: bits of {@link portcullis.hypervisor.gate.InhibitReason}. Any
     * thread.
     *
     * @throws IllegalArgumentException for a VP or a trust level that does not exist
     */
    public int flushInhibit(int vp, int level) {
        return flushTarget(vp).flushInhibitReasons(level);
    }

    private VirtualProcessor flushTarget(int vp) {
        if (vp < 0 || vp >= processors.size()) {
            throw new IllegalArgumentException("there is no vp " + vp);
        }
        return processors.get(vp);
    }

    // What is around it

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

    /** Who is told, too, when the guest reports that it has crashed. On a VP's thread; must not wait. */
    public void onGuestCrash(Consumer<GuestCrash> listener) {
        msrs.onCrash(listener);
    }

    /**
     * Who is told, in one line, when VPs have come to wait for each other in a circle (docs/gate.md): the first time after each reset.
     * On a VP's thread; must not wait.
     */
    public void onCircle(Consumer<String> listener) {
        circles.onCircle(listener);
    }

    /** Who is told when a VP comes to one of {@link Engine#setBreakpoints}, on the VP's thread; all VPs pause soon. */
    public void onBreakpoint(Consumer<VirtualProcessor> listener) {
        breakpointListener = listener;
    }

    void breakpointReached(VirtualProcessor vp) {
        pauseSoon();
        breakpointListener.accept(vp);
    }

    // Control

    /**
     * Resets everything, has the boot state loaded, and lets the VPs run. What the boot state throws comes out and leaves the
     * partition unstarted.
     *
     * @throws IllegalStateException where it has been started before
     */
    public void start() {
        control.start(this);
    }

    /** Like {@link #start}, but paused before the first instruction. */
    public void startPaused() {
        startPaused(this::resetEverything);
    }

    /**
     * Instead of {@link #start}: has {@code restore} put everything into its state, and is paused then. What that throws comes out
     * and leaves the partition unstarted.
     *
     * @throws IllegalStateException where it has been started before
     */
    public void startPaused(Runnable restore) {
        control.startPaused(this, restore);
    }

    /** Brings every VP out of guest mode and stops time; returns when that is so. Idempotent. */
    public void pause() {
        control.pause();
    }

    /**
     * Has every VP come out of guest mode soon and stay there. Does not wait, so any thread may call it, a VP's too: where it is the
     * one thread of a deterministic run, the moment is part of the run. {@link #pause} waits for it.
     */
    public void pauseSoon() {
        control.pauseSoon();
    }

    /** Lets a paused partition go on. @throws IllegalStateException where it is not paused, or its run has ended */
    public void resume() {
        control.resume();
    }

    /**
     * Resets the machine: devices, all VPs, and the boot state anew. A partition that is paused stays so; one that runs, or whose
     * run has ended, runs.
     */
    public void reset() {
        control.reset();
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
        return control.standstill(action);
    }

    /** Ends the VPs' threads and waits for that. The partition cannot be started again. Idempotent. */
    public void stop() {
        control.stop();
    }

    /** Posts an NMI to one VP. */
    public void injectNmi(int vp) {
        processors.get(vp).injectNmi();
    }

    private void resetEverything() {
        if (levels.trust().zeroesMemory()) {
            memory.zeroRam();
        }
        resetListeners.forEach(Runnable::run);
        levels.reset();
        msrs.reset();
        circles.reset();
        processors.forEach(vp -> vp.call(vp::reset));
        levels.closeHigher();
        VirtualProcessor boot = processors.getFirst();
        boot.call(() -> bootState.load(boot));
    }

    // The end of a run

    /** Ends the run: every VP comes out of guest mode soon. The first outcome counts. Any thread, without waiting. */
    public void end(Outcome how) {
        control.end(how);
    }

    /** Who is told when a run ends, on the thread that ends it; must not wait. {@link #outcome} says how. */
    public void onEnd(Runnable listener) {
        control.onEnd(listener);
    }

    /** How the run has ended, or null while it has not. Any thread, without waiting. */
    public Outcome outcome() {
        return control.outcome();
    }

    /** A VP has answered a pause or has ended. */
    void vpQuiet() {
        control.vpQuiet();
    }

    /** Waits until the run has ended and no VP executes any more. */
    public Outcome awaitEnd() throws InterruptedException {
        return control.awaitEnd();
    }

    /** Like {@link #awaitEnd()}, with a limit. */
    public Outcome awaitEnd(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException {
        return control.awaitEnd(timeout, unit);
    }

    /** Stops, and closes CPUs, engine and time; not the memory, which devices may still use. */
    @Override
    public void close() {
        stop();
        // Ports that somebody still has find nobody who takes messages and events: not pages that are no more.
        if (connected.getAndSet(false)) {
            processors.forEach(VirtualProcessor::disconnect);
        }
        time.close();
        processors.forEach(vp -> vp.cpu().close());
        engine.close();
    }

    /** What there is to save and to restore. */
    public PartitionParts parts() {
        return new PartitionParts(this, levels, driver);
    }
}
