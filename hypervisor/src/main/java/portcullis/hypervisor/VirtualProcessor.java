package portcullis.hypervisor;

import java.util.function.Consumer;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.ApicOwner;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.flush.PendingFlushes;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.schedule.HostCores;
import portcullis.hypervisor.trace.VpTrace;
import portcullis.hypervisor.vsm.MemoryIntercept;
import portcullis.hypervisor.vsm.RegisterIntercept;
import portcullis.hypervisor.vsm.StartupIntercept;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * A virtual processor: its engine CPU, its trust levels, and what is asked of it.
 *
 * <p>Its state belongs to its thread. {@link #call} reaches it from others; {@link #turn} is for the {@link VpDriver}.
 */
public final class VirtualProcessor implements Saved, HostCores.Occupant {
    /** What a turn came to. */
    public enum Turn {
        /** Guest code ran, or a request was served: take the next turn. */
        RAN,
        /** Nothing to execute until there is a request: sleep ({@link #park}). */
        IDLE,
        /** Paused: sleep ({@link #park}). */
        PAUSED,
        /** The driver lets go of the VP ({@link #unbind}). */
        STOPPED
    }

    /** The version of the saved state from which on the NPIEP register is in it. */
    static final int STATE_WITH_SYNTHETIC_MSRS = 2;

    private final int index;
    private final VirtualCpu cpu;
    private final Partition partition;
    private final VpTrace trace;
    private final VpRequests requests;
    private final VpWork work;
    private final IdleTime idle;
    private final VtlContexts contexts;
    private final VpFlushes flushes;
    private VpRunner runner;
    private LevelSwitch levelSwitch;
    private MemoryIntercept memoryIntercept;
    private RegisterIntercept registerIntercept;
    private StartupIntercept startupIntercept;
    private Runnable yielding = Thread::yield;

    VirtualProcessor(Partition partition, int index, int apicId, VirtualCpu cpu) {
        this.partition = partition;
        this.index = index;
        this.cpu = cpu;
        trace = partition.trace().vp(index);
        requests = new VpRequests(cpu);
        work = new VpWork(index, requests);
        idle = new IdleTime(partition.time().clock());
        contexts = new VtlContexts(partition, this, apicId, idle);
        flushes = new VpFlushes(this, requests);
    }

    /** The second half of construction: what looks at the whole partition. */
    void complete() {
        registerIntercept = new RegisterIntercept(partition, this);
        startupIntercept = new StartupIntercept(this, partition.config().apicIds().length);
        contexts.active().complete(partition, this);
        runner = new VpRunner(partition, this, requests);
        levelSwitch = new LevelSwitch(this, runner);
        memoryIntercept = new MemoryIntercept(partition, this);
    }

    /** VP index (TLFS); not the APIC id. */
    public int index() {
        return index;
    }

    /** The engine's CPU: for the VP's thread only, between runs. */
    public VirtualCpu cpu() {
        return cpu;
    }

    /** The active trust level's. */
    public LocalApic apic() {
        return contexts.active().apic();
    }

    /** VP run time in 100 ns (TLFS): how long the VP has had something to execute. The VP's thread. */
    public long runTime() {
        return partition.referenceTime().at(idle.busy());
    }

    /** Where what happens to this VP is emitted. Any thread. */
    public VpTrace trace() {
        return trace;
    }

    VpRequests requests() {
        return requests;
    }

    /** Posts an NMI, whatever LINT1 is set to: to level 0, whose devices are, whichever level is active. Any thread. */
    public void injectNmi() {
        context(0).apic().latchNmi();
    }

    /** Whether something waits for this VP outside guest mode. Any thread. */
    public boolean wanted() {
        return requests.signalled() || requests.controlPending();
    }

    /** Registers of a level were written from outside: an interrupt that waits for it may be taken now. The VP's thread. */
    public void lookForInterrupts(int level) {
        // A request, no note for the next turn: a VP that sleeps need not be given one, as where one thread takes all
        // VPs' turns.
        requests.raise(VpRequests.signal(level, ApicOwner.Signal.INTERRUPT));
    }

    /** The guest has nothing useful to do just now: somebody else may run. The VP's thread. */
    public void yieldTurn() {
        yielding.run();
    }

    /** Puts everything into its reset state, on the VP's thread. */
    void reset() {
        flushes.reset();
        contexts.reset();
        VtlContext context = contexts.active();
        cpu.reset(false);
        cpu.setApicBase(context.apic().base());
        context.setActivity(index == 0 ? Activity.RUNNING : Activity.WAIT_FOR_STARTUP);
        runner.reset();
    }

    /**
     * Starts a VP that waits for that, in one of its trust levels and in a state of the caller's choice. On the VP's thread.
     *
     * <p>A higher level may have been started before, and may be executing: then this one goes on when it is returned to.
     *
     * @param loader puts the state into the CPU
     * @return false where the VP does not wait to be started
     */
    public boolean start(int level, Consumer<VirtualCpu> loader) {
        VtlContext target = context(level);
        boolean fresh = level > 0 && !target.begun();
        boolean waits = target.activity() == Activity.WAIT_FOR_STARTUP;
        if (context().activity() == Activity.WAIT_FOR_STARTUP && (fresh || waits)) {
            runner.activate(target);
            cpu.reset(true);
        } else if (level < context().level()
                && context(0).activity() == Activity.WAIT_FOR_STARTUP
                && (fresh || level == 0)) {
            // Shared state is what the active level computes with; the target's own is as INIT leaves it: it never ran.
            cpu.switchContext(level);
        } else {
            return false;
        }
        target.apic().reset();
        target.apic().enable();
        cpu.setApicBase(target.apic().base());
        loader.accept(cpu);
        cpu.switchContext(context().level());
        target.setActivity(Activity.RUNNING);
        if (level > 0) {
            target.enteredFrom(level - 1);
        }
        return true;
    }

    /** The partition ends: nothing comes by its synthetic interrupt controllers any more, and what is on its way has come. */
    void disconnect() {
        for (int level = 0; level < Partition.TRUST_LEVELS; level++) {
            if (context(level) != null) {
                context(level).synic().reset();
            }
        }
    }

    // Trust levels

    /** The trust level that is active. */
    public VtlContext context() {
        return contexts.active();
    }

    void setContext(VtlContext active) {
        contexts.setActive(active);
    }

    /** A trust level of this VP, or null where it has not been enabled. */
    public VtlContext context(int level) {
        return contexts.get(level);
    }

    /**
     * Enables a trust level on this VP. It begins, when it is entered first, in the state that {@code loader} puts into the CPU.
     * On the VP's thread.
     */
    public void enableLevel(int level, Consumer<VirtualCpu> loader) {
        contexts.enable(level, loader);
    }

    /** The highest level that is enabled on this VP. Any thread. */
    public int highestLevel() {
        return contexts.highest();
    }

    /** Levels that are enabled on this VP, a bit each. */
    public int enabledLevels() {
        return contexts.set();
    }

    /** Whether some higher level has switched mode based execute control on for {@code level} on this VP. Its thread. */
    public boolean mbecEnabled(int level) {
        return contexts.mbecEnabled(level);
    }

    /** A higher level may have switched mode based execute control for {@code level}. The VP's thread. */
    public void mbecChanged(int level) {
        cpu.setModeBasedExecute(level, mbecEnabled(level));
    }

    /** What happens when a level reaches for what a higher one refuses. Its thread. */
    public MemoryIntercept memoryIntercept() {
        return memoryIntercept;
    }

    /** What happens when a level accesses a register that a higher one watches. Its thread. */
    public RegisterIntercept registerIntercept() {
        return registerIntercept;
    }

    /** What happens when a level starts or resets processors and a higher one watches that. Its thread. */
    public StartupIntercept startupIntercept() {
        return startupIntercept;
    }

    /** How this VP goes from one trust level to another. Its thread. */
    public LevelSwitch levels() {
        return levelSwitch;
    }

    // TLB flushes

    /** What others want dropped from this VP's TLBs: add, then {@link #flushPosted}. Any thread. */
    public PendingFlushes pendingFlushes() {
        return flushes.pending();
    }

    /** Has what is pending done before this VP executes guest code again; brings it out where it does so now. Any thread. */
    public void flushPosted() {
        requests.raiseFlush();
    }

    /** Waits until this VP has seen what was posted, or is not in guest mode: it sees it before it goes there. Any thread. */
    public void awaitFlushSeen() {
        flushes.awaitSeen();
    }

    void applyFlushes() {
        flushes.apply();
    }

    /**
     * Inhibits TLB flushes of one level, for the host: from the return of this until {@link #liftFlushInhibit} no flush hypercall
     * changes that TLB; a VP that asks for one is suspended. Idempotent. Any thread but one that this VP's turns depend on.
     *
     * @throws IllegalArgumentException for a level that is not enabled
     */
    public void inhibitFlushes(int level) {
        flushes.inhibitForHost(existing(level));
    }

    /**
     * Inhibits TLB flushes of one level for the guest's own reasons, until {@link #releaseFlushes} or until the holder leaves.
     *
     * @param holder whose higher level can lift it; its thread calls this
     * @param by that level: the one that asked, or whose register says so. It need not be the active one
     */
    public void inhibitFlushes(int level, InhibitReason reason, VirtualProcessor holder, int by) {
        holder.flushes.held().add(this, level, reason, by);
        flushes.inhibit(level, reason, holder, by);
    }

    /** One holder's {@link #inhibitFlushes(int, InhibitReason, VirtualProcessor, int)} is over, others' stay. Its thread. */
    public void releaseFlushes(int level, InhibitReason reason, VirtualProcessor holder, int by) {
        holder.flushes.held().release(this, level, reason, by);
    }

    /**
     * Lets flushes of one level pass again and resumes who waits. Idempotent. Any thread.
     *
     * @throws IllegalArgumentException for a level that is not enabled
     */
    public void liftFlushInhibit(int level) {
        existing(level).liftFlushInhibit(InhibitReason.HOST.bit());
    }

    /**
     * Why flushes of one level are inhibited: bits of {@link InhibitReason}; 0 where they are not. Any thread.
     *
     * @throws IllegalArgumentException for a level that is not enabled
     */
    public int flushInhibitReasons(int level) {
        return existing(level).flushGate().reasons();
    }

    /** One look, for the host's threads: a reset takes higher levels away meanwhile. */
    private VtlContext existing(int level) {
        VtlContext context = level < 0 || level >= Partition.TRUST_LEVELS ? null : contexts.get(level);
        if (context == null) {
            throw new IllegalArgumentException("vp " + index + " has no trust level " + level);
        }
        return context;
    }

    /** This VP goes down to {@code level}: what higher ones of it have inhibited flushes for is over. The VP's thread. */
    public void releaseHeldInhibits(int level) {
        flushes.held().releaseAbove(level);
    }

    /** Tells traces where this VP's suspension has closed a circle. Whenever its active level has come to be suspended. */
    public void reportCircle() {
        partition.circles().look(this);
    }

    // Work by others

    /**
     * Has {@code action} done on the VP's thread, outside guest mode, and waits for it; also while the VP is paused, halted or not
     * started. An unchecked exception that it throws comes out here.
     */
    public void call(Runnable action) {
        work.call(action, workOfThisThread());
    }

    /** Of the VP whose turns the calling thread takes: a device or a listener may ask something of another VP. Else null. */
    private VpWork workOfThisThread() {
        for (VirtualProcessor other : partition.processors()) {
            if (other.onItsThread()) {
                return other.work;
            }
        }
        return null;
    }

    /**
     * Like {@link #call}, for the thread of {@code caller}: while it waits it does what others ask of that VP, so that two VPs
     * may ask something of each other.
     */
    public void callFrom(VirtualProcessor caller, Runnable action) {
        work.callFrom(caller.work, action);
    }

    void doWork() {
        work.serve();
    }

    /** Whether the calling thread takes this VP's turns. */
    boolean onItsThread() {
        return work.onItsThread();
    }

    // The driver's side

    /** From now on {@code owner} takes this VP's turns. */
    public void bind(Thread owner) {
        work.bind(owner);
    }

    /** The thread lets go, after {@link Turn#STOPPED}. */
    public void unbind() {
        work.unbind();
        partition.vpQuiet();
    }

    /** Whether nothing happens in this VP any more before the partition lets it. */
    boolean quiet() {
        return !work.hasThread() || requests.quiet();
    }

    /**
     * Serves requests, delivers interrupts, and runs guest code up to one exit, which it deals with. Never throws: a fault of the
     * host's ends the partition.
     */
    @Override
    public Turn turn() {
        return runner.turn();
    }

    /** Whether a turn would run guest code or serve a signal. Any thread. */
    public boolean ready() {
        return requests.signalled() || (!requests.paused() && context().executable());
    }

    /** Whether something has come for this VP that it has not looked at: it may wake it. Also while it is paused. Any thread. */
    public boolean signalWaits() {
        return requests.signalWaits();
    }

    /**
     * Whether this VP sleeps, with nothing to execute and nothing to look at. Any thread, where VPs have threads: the answer is about a
     * moment of the call.
     */
    public boolean asleep() {
        // In this order: what had come before has been taken, what was taken has been dealt with, and this is what it
        // came to.
        return !requests.signalWaits() && !runner.awake() && context().activity() != Activity.RUNNING;
    }

    /** Whether a turn would serve the host (stop, work, a new pause): it runs no guest code. Any thread. */
    @Override
    public boolean controlPending() {
        return requests.controlPending();
    }

    /** Whether a pause is on. Any thread. */
    public boolean paused() {
        return requests.paused();
    }

    /** For a driver that does not take turns of VPs that are not {@link #ready}: a pause is over. */
    public void acknowledgeResume() {
        requests.endQuiet();
    }

    /** Sleeps until a turn would do anything. May return early. */
    public void park() {
        requests.park();
    }

    /** Likewise, but a VP that is suspended at a gate looks out for the lift for so many nanoseconds first. */
    public void park(long spin) {
        if (!context().flushPass().suspended() || !requests.awaitBusily(spin)) {
            requests.park();
        }
    }

    /** Waits for a host core, not for something to do: only what the host wants of it wakes it. */
    @Override
    public boolean beginWait() {
        return requests.markWaiting();
    }

    @Override
    public void endWait() {
        requests.unmarkParked();
    }

    @Override
    public void kick() {
        cpu.kick();
    }

    /**
     * What to do where the guest waits for another VP, on this VP's thread. Before its first turn.
     *
     * @param spins it has spun for a moment; called within a turn
     * @param yields it says so
     */
    public void onSpin(Runnable spins, Runnable yields) {
        cpu.onSpin(spins);
        onYield(yields);
    }

    /** What to do where the guest says that it waits for another VP, on this VP's thread within a turn. Before its first turn. */
    public void onYield(Runnable yields) {
        yielding = yields;
    }

    /** For a driver that sleeps for several VPs: see {@link #endPark}. @return false where this VP has something to do */
    public boolean beginPark() {
        return requests.markParked();
    }

    /** After {@link #beginPark} said true. */
    public void endPark() {
        requests.unmarkParked();
    }

    /** Who watches; {@link VpObserver#NONE} for nobody. Before start. */
    public void setObserver(VpObserver observer) {
        runner.setObserver(observer);
    }

    // Saved state

    @Override
    public int stateVersion() {
        return STATE_WITH_SYNTHETIC_MSRS;
    }

    /** While it is paused; or before it has been started. Any thread. */
    @Override
    public void save(StateWriter out) {
        call(() -> {
            cpu.save(out);
            contexts.save(out);
            flushes.save(out);
            idle.save(out);
            requests.save(out);
            runner.save(out);
        });
    }

    @Override
    public void restore(StateReader in) {
        call(() -> {
            cpu.restore(in);
            contexts.restore(in);
            flushes.restore(in, partition.processors());
            idle.restore(in);
            requests.restore(in);
            runner.restore(in);
        });
    }
}
