package portcullis.hypervisor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.flush.PendingFlushes;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.gate.Wait;
import portcullis.hypervisor.hyperv.Enlightenment;
import portcullis.hypervisor.hyperv.VpAssistPage;
import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.trace.VpTrace;
import portcullis.hypervisor.vsm.MemoryIntercept;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.register.VsmRegisters.VsmVpSecureVtlConfig;

/**
 * A virtual processor: its engine CPU, its trust levels, and what is asked of it.
 *
 * <p>Its state belongs to its thread. {@link #call} reaches it from others; {@link #turn} is for the {@link VpDriver}.
 */
public final class VirtualProcessor implements Saved {
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

    private final int index;
    private final VirtualCpu cpu;
    /** Those that are enabled; elements change on the VP's thread. */
    private final VtlContext[] contexts = new VtlContext[Partition.TRUST_LEVELS];
    /** All that there ever were: a level that is enabled again after a reset is the same object. */
    private final VtlContext[] made = new VtlContext[Partition.TRUST_LEVELS];

    private final List<Integer> madeInOrder = new ArrayList<>();

    private volatile VtlContext context;
    private final PendingFlushes pendingFlushes = new PendingFlushes();
    private final IdleTime idle;
    private final VpRequests requests;
    private VpRunner runner;
    private LevelSwitch levelSwitch;
    private MemoryIntercept memoryIntercept;
    private final Partition partition;
    private final VpTrace trace;

    private static final int SPINS_BEFORE_YIELD = 2000;
    private static final long NAP_NANOS = 20_000;

    /** Guards work, and changes of thread. */
    private final Object workLock = new Object();

    private final Queue<Runnable> work = new ArrayDeque<>();
    private volatile Thread thread;

    VirtualProcessor(Partition partition, int index, int apicId, VirtualCpu cpu) {
        this.partition = partition;
        this.index = index;
        this.cpu = cpu;
        trace = partition.trace().vp(index);
        requests = new VpRequests(cpu);
        idle = new IdleTime(partition.time().clock());
        made[0] = makeLevel(0, apicId);
        madeInOrder.add(0);
        contexts[0] = made[0];
        context = contexts[0];
    }

    private void make(int level) {
        made[level] = makeLevel(level, contexts[0].apic().id());
        made[level].complete(partition, this);
        madeInOrder.add(level);
    }

    private VtlContext makeLevel(int level, int apicId) {
        LocalApic apic = new LocalApic(
                apicId,
                index == 0,
                partition.config().apicFeatures(),
                partition.time(),
                partition.fabric(level),
                signal -> requests.raise(VpRequests.signal(level, signal)));
        Synic synic = new Synic(
                level,
                apic,
                partition.time(),
                partition.referenceTime(),
                partition.memory(),
                trace,
                partition.hyperv().has(Enlightenment.STIMER_DIRECT));
        return new VtlContext(
                level,
                apic,
                synic,
                partition.gates(level).gate(index),
                partition.gates(level).pass(index),
                new VpAssistPage(partition.memory(), level, apic),
                idle,
                trace);
    }

    /**
     * Enables a trust level on this VP. It begins, when it is entered first, in the state that {@code loader} puts into the CPU.
     * On the VP's thread.
     */
    public void enableLevel(int level, Consumer<VirtualCpu> loader) {
        if (made[level] == null) {
            make(level);
        }
        VtlContext enabled = made[level];
        enabled.reset();
        enabled.apic().enable();
        int active = cpu.context();
        cpu.switchContext(level);
        cpu.setApicBase(enabled.apic().base());
        loader.accept(cpu);
        cpu.switchContext(active);
        enabled.setActivity(Activity.RUNNING);
        contexts[level] = enabled;
    }

    /** The highest level that is enabled on this VP. Any thread. */
    public int highestLevel() {
        for (int level = contexts.length - 1; level > 0; level--) {
            if (contexts[level] != null) {
                return level;
            }
        }
        return 0;
    }

    /** Levels that are enabled on this VP, a bit each. */
    public int enabledLevels() {
        int set = 0;
        for (int level = 0; level < contexts.length; level++) {
            set |= contexts[level] != null ? 1 << level : 0;
        }
        return set;
    }

    /** Whether some higher level has switched mode based execute control on for {@code level} on this VP. Its thread. */
    public boolean mbecEnabled(int level) {
        for (int higher = level + 1; higher < contexts.length; higher++) {
            VtlContext above = contexts[higher];
            if (above != null && new VsmVpSecureVtlConfig(above.secureConfig().lower(level)).mbecEnabled()) {
                return true;
            }
        }
        return false;
    }

    /** A higher level may have switched mode based execute control for {@code level}. The VP's thread. */
    public void mbecChanged(int level) {
        cpu.setModeBasedExecute(level, mbecEnabled(level));
    }

    /** What happens when a level reaches for what a higher one refuses. Its thread. */
    public MemoryIntercept memoryIntercept() {
        return memoryIntercept;
    }

    /** How this VP goes from one trust level to another. Its thread. */
    public LevelSwitch levels() {
        return levelSwitch;
    }

    /** The second half of construction: what looks at the whole partition. */
    void complete() {
        context.complete(partition, this);
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

    /** The trust level that is active. */
    public VtlContext context() {
        return context;
    }

    void setContext(VtlContext active) {
        context = active;
    }

    /** A trust level of this VP, or null where it has not been enabled. */
    public VtlContext context(int level) {
        return contexts[level];
    }

    /** VP run time in 100 ns (TLFS): how long the VP has had something to execute. The VP's thread. */
    public long runTime() {
        return partition.referenceTime().at(idle.busy());
    }

    public LocalApic apic() {
        return context.apic();
    }

    /** Where what happens to this VP is emitted. Any thread. */
    public VpTrace trace() {
        return trace;
    }

    VpRequests requests() {
        return requests;
    }

    /** Posts an NMI, whatever LINT1 is set to. Any thread. */
    public void injectNmi() {
        context.apic().latchNmi();
    }

    /** Puts everything into its reset state, on the VP's thread. */
    void reset() {
        heldInhibits.clear();
        for (int level = contexts.length - 1; level >= 0; level--) {
            if (contexts[level] != null) {
                contexts[level].reset();
            }
        }
        for (int level = 1; level < contexts.length; level++) {
            contexts[level] = null;
        }
        context = contexts[0];
        cpu.reset(false);
        cpu.setApicBase(context.apic().base());
        context.setActivity(index == 0 ? Activity.RUNNING : Activity.WAIT_FOR_STARTUP);
        runner.reset();
    }

    // TLB flushes

    /** An inhibit that this VP's higher level has set, to be lifted when that level is left. */
    private record HeldInhibit(VirtualProcessor vp, int level, InhibitReason reason) {}

    private final List<HeldInhibit> heldInhibits = new ArrayList<>();

    private void holds(VirtualProcessor vp, int level, InhibitReason reason) {
        HeldInhibit held = new HeldInhibit(vp, level, reason);
        if (!heldInhibits.contains(held)) {
            heldInhibits.add(held);
        }
    }

    /** This VP leaves a trust level: what it has inhibited flushes for is over (TLFS-NOTES, "TLB lock"). The VP's thread. */
    public void releaseHeldInhibits() {
        for (HeldInhibit held : heldInhibits) {
            held.vp.context(held.level).liftFlushInhibit(held.reason.bit());
        }
        heldInhibits.clear();
    }

    /** What others want dropped from this VP's TLBs: add, then {@link #flushPosted}. Any thread. */
    public PendingFlushes pendingFlushes() {
        return pendingFlushes;
    }

    /** Has what is pending done before this VP executes guest code again; brings it out where it does so now. Any thread. */
    public void flushPosted() {
        requests.raiseFlush();
    }

    /** Waits until this VP has seen what was posted, or is not in guest mode: it sees it before it goes there. Any thread. */
    public void awaitFlushSeen() {
        for (int spins = 0; requests.flushUnseen(); spins++) {
            if (spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    void applyFlushes() {
        pendingFlushes.apply(cpu);
    }

    /**
     * Inhibits TLB flushes of one level, for the host: from the return of this until {@link #liftFlushInhibit} no flush hypercall
     * changes that TLB; a VP that asks for one is suspended. Idempotent. Any thread but one that this VP's turns depend on.
     */
    public void inhibitFlushes(int level) {
        context(level).inhibitFlushes(InhibitReason.HOST, index, () -> {}, () -> {
            // Flushes that have completed, as their callers see it, must not come later (DESIGN.md, section 5,
            // invariant 2). The request bit does not tell: the VP takes it first, and flushes then.
            if (pendingFlushes.pending()) {
                call(this::applyFlushes);
            }
        });
    }

    /**
     * Inhibits TLB flushes of one level for the guest's own reasons.
     *
     * @param holder whose higher level can lift it; its thread calls this
     */
    public void inhibitFlushes(int level, InhibitReason reason, VirtualProcessor holder) {
        context(level).inhibitFlushes(reason, holder.index(), holder::doWork, () -> {
            if (pendingFlushes.pending()) {
                callFrom(holder, this::applyFlushes);
            }
        });
        holder.holds(this, level, reason);
    }

    /** Tells traces where this VP's suspension has closed a circle. Whenever its active level has come to be suspended. */
    public void reportCircle() {
        List<Wait> circle = partition.waitGraph().circle(index);
        if (!circle.isEmpty()) {
            trace.cycle(context.level(), circle);
            partition.circleClosed(circle);
        }
    }

    /** Lets flushes of one level pass again and resumes who waits. Idempotent. Any thread. */
    public void liftFlushInhibit(int level) {
        context(level).liftFlushInhibit(InhibitReason.HOST.bit());
    }

    /** Why flushes of one level are inhibited: bits of {@link InhibitReason}; 0 where they are not. Any thread. */
    public int flushInhibitReasons(int level) {
        return context(level).flushGate().reasons();
    }

    /** The guest has nothing useful to do just now: somebody else may run. The VP's thread. */
    public void yieldTurn() {
        Thread.yield();
    }

    /** Whether something waits for this VP outside guest mode. Any thread. */
    public boolean wanted() {
        return requests.signalled() || requests.controlPending();
    }

    /**
     * Starts a VP that waits for that, in one of its trust levels and in a state of the caller's choice. On the VP's thread.
     *
     * @param loader puts the state into the CPU
     * @return false where the VP does not wait to be started
     */
    public boolean start(int level, Consumer<VirtualCpu> loader) {
        VtlContext target = context(level);
        if (context.activity() != Activity.WAIT_FOR_STARTUP || target.activity() != Activity.WAIT_FOR_STARTUP) {
            return false;
        }
        runner.activate(target);
        cpu.reset(true);
        target.apic().reset();
        target.apic().enable();
        cpu.setApicBase(target.apic().base());
        loader.accept(cpu);
        target.setActivity(Activity.RUNNING);
        return true;
    }

    // Work by others

    /**
     * Has {@code action} done on the VP's thread, outside guest mode, and waits for it; also while the VP is paused, halted or not
     * started. An unchecked exception that it throws comes out here.
     */
    public void call(Runnable action) {
        CompletableFuture<Void> done = null;
        synchronized (workLock) {
            if (thread != null && thread != Thread.currentThread()) {
                CompletableFuture<Void> future = new CompletableFuture<>();
                work.add(() -> {
                    try {
                        action.run();
                        future.complete(null);
                    } catch (RuntimeException | Error failure) {
                        future.completeExceptionally(failure);
                    }
                });
                done = future;
            } else if (thread == null) {
                // Nobody runs this VP, and with the lock held nobody starts to.
                action.run();
                return;
            }
        }
        if (done == null) {
            action.run();
            return;
        }
        requests.raise(VpRequests.WORK);
        try {
            done.join();
        } catch (CompletionException failed) {
            switch (failed.getCause()) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw failed;
            }
        }
    }

    /**
     * Like {@link #call}, for the thread of {@code caller}: while it waits it does what others ask of that VP, so that two VPs
     * may ask something of each other.
     */
    public void callFrom(VirtualProcessor caller, Runnable action) {
        FutureTask<Void> task = new FutureTask<>(action, null);
        synchronized (workLock) {
            if (thread != null && thread != Thread.currentThread()) {
                work.add(task);
            } else {
                task.run();
            }
        }
        if (!task.isDone()) {
            requests.raise(VpRequests.WORK);
        }
        for (int spins = 0; !task.isDone(); spins++) {
            caller.doWork();
            if (spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
        if (task.state() == Future.State.FAILED) {
            throw new IllegalStateException("VP " + index + " could not do it", task.exceptionNow());
        }
    }

    void doWork() {
        while (true) {
            Runnable next;
            synchronized (workLock) {
                next = work.poll();
            }
            if (next == null) {
                return;
            }
            next.run();
        }
    }

    // The driver's side

    /** From now on {@code owner} takes this VP's turns. */
    public void bind(Thread owner) {
        synchronized (workLock) {
            requests.setSleeper(owner);
            thread = owner;
        }
    }

    /** The thread lets go, after {@link Turn#STOPPED}. */
    public void unbind() {
        while (true) {
            doWork();
            synchronized (workLock) {
                if (work.isEmpty()) {
                    thread = null;
                    break;
                }
            }
        }
        partition.vpQuiet();
    }

    /** Whether the calling thread takes this VP's turns. */
    boolean onItsThread() {
        return thread == Thread.currentThread();
    }

    /** Whether nothing happens in this VP any more before the partition lets it. */
    boolean quiet() {
        return thread == null || requests.quiet();
    }

    /**
     * Serves requests, delivers interrupts, and runs guest code up to one exit, which it deals with. Never throws: a fault of the
     * host's ends the partition.
     */
    public Turn turn() {
        return runner.turn();
    }

    /** Whether a turn would run guest code or serve a signal. Any thread. */
    public boolean ready() {
        return requests.signalled() || (!requests.paused() && context.executable());
    }

    /** Whether a turn would serve the host (stop, work, a new pause): it runs no guest code. Any thread. */
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
        if (!context.flushPass().suspended() || !requests.awaitBusily(spin)) {
            requests.park();
        }
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

    /** While it is paused; or before it has been started. Any thread. */
    @Override
    public void save(StateWriter out) {
        call(() -> {
            cpu.save(out);
            out.putInt(context.level());
            out.putInt(madeInOrder.size());
            for (int level : madeInOrder) {
                out.putInt(level);
                out.putBoolean(contexts[level] != null);
                made[level].save(out);
            }
            out.putInt(heldInhibits.size());
            for (HeldInhibit held : heldInhibits) {
                out.putInt(held.vp.index);
                out.putInt(held.level);
                out.putEnum(held.reason);
            }
            pendingFlushes.save(out);
            idle.save(out);
            requests.save(out);
            runner.save(out);
        });
    }

    @Override
    public void restore(StateReader in) {
        call(() -> {
            cpu.restore(in);
            int active = in.getInt(0, contexts.length - 1);
            for (int count = in.getInt(1, contexts.length); count > 0; count--) {
                int level = in.getInt(0, contexts.length - 1);
                if (level > 0 && (made[level] != null || partition.fabric(level) == null)) {
                    throw in.refused("has trust level %d, which this machine has not".formatted(level));
                }
                if (level > 0) {
                    make(level);
                }
                contexts[level] = in.getBoolean() ? made[level] : null;
                made[level].restore(in, partition.connections());
            }
            if (contexts[active] == null) {
                throw in.refused("is in trust level %d, which it has not".formatted(active));
            }
            context = contexts[active];
            heldInhibits.clear();
            for (int count = in.getInt(); count > 0; count--) {
                int vp = in.getInt(0, partition.processors().size() - 1);
                int level = in.getInt(0, contexts.length - 1);
                heldInhibits.add(
                        new HeldInhibit(partition.processors().get(vp), level, in.getEnum(InhibitReason.class)));
            }
            pendingFlushes.restore(in);
            idle.restore(in);
            requests.restore(in);
            runner.restore(in);
        });
    }
}
