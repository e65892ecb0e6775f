package portcullis.hypervisor;

import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor.Turn;
import portcullis.hypervisor.VtlContext.Activity;
import portcullis.hypervisor.apic.ApicOwner.Signal;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.gate.FlushPass.Entry;
import portcullis.hypervisor.trace.ResumeReason;
import portcullis.hypervisor.trace.VpTrace;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The loop of one VP, a turn at a time: requests, interrupts, guest code, exit. Threads and the deterministic scheduler
 * call the same turn; whatever must not depend on which of the two does is here.
 */
final class VpRunner {
    private static final int NMI_VECTOR = 2;

    private final Partition partition;
    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final VpRequests requests;
    private final ExitDispatcher dispatcher;
    private final VpTrace trace;
    private VpObserver observer = VpObserver.NONE;

    /** The local APIC's answer may have changed since it was last asked. */
    private boolean lookForInterrupts = true;

    /** A higher trust level may have something to take. */
    private boolean lookForEntry;

    private boolean windowRequested;

    /** What it has taken may still make it execute something: the last turn that was its own did not end idle. */
    private volatile boolean awake;

    VpRunner(Partition partition, VirtualProcessor vp, VpRequests requests) {
        this.partition = partition;
        this.vp = vp;
        this.requests = requests;
        cpu = vp.cpu();
        trace = vp.trace();
        dispatcher = new ExitDispatcher(partition, vp);
    }

    void setObserver(VpObserver watcher) {
        observer = watcher;
    }

    void reset() {
        windowRequested = false;
        cpu.requestInterruptWindow(false);
        lookForInterrupts = true;
    }

    /** Any thread. */
    boolean awake() {
        return awake;
    }

    /** Executes by another trust level's state from now on. */
    void activate(VtlContext level) {
        cpu.switchContext(level.level());
        vp.setContext(level);
        reset();
        if (level.flushPass().suspended()) {
            vp.reportCircle();
        }
        // What has come for the level meanwhile.
        postNmis(level.apic().takeNmis());
        lookForEntry = true;
    }

    Turn turn() {
        boolean before = awake;
        if (!before) {
            awake = true;
        }
        Turn turn = serveAndExecute();
        // From turn to turn there is nothing to write: that would cost each exit two barriers.
        if (turn == Turn.IDLE || turn == Turn.PAUSED && !before) {
            awake = false;
        }
        return turn;
    }

    private Turn serveAndExecute() {
        try {
            int taken = requests.take();
            switch (taken) {
                case 0 -> {
                    return execute();
                }
                case VpRequests.STOP -> {
                    return Turn.STOPPED;
                }
                case VpRequests.PAUSE -> {
                    if (requests.beQuiet()) {
                        partition.vpQuiet();
                    }
                    return Turn.PAUSED;
                }
                case VpRequests.WORK -> {
                    vp.doWork();
                    return Turn.RAN;
                }
                default -> {
                    serve(taken);
                    return execute();
                }
            }
        } catch (RuntimeException | Error failure) {
            partition.end(new Outcome.HostError(vp.index(), failure));
            return Turn.RAN;
        }
    }

    private void serve(int signals) {
        if ((signals & VpRequests.FLUSH) != 0) {
            vp.applyFlushes();
        }
        if ((signals & VpRequests.RESUMED) != 0) {
            resumed();
        }
        if ((signals & VpRequests.SIGNALS) != 0) {
            serveLevels(signals);
        }
    }

    private void serveLevels(int taken) {
        int active = vp.context().level();
        for (int level = 0; level < Partition.TRUST_LEVELS; level++) {
            int signals = VpRequests.signalsOf(level, taken);
            if (signals == 0 || vp.context(level) == null) {
                continue;
            }
            if (level == active) {
                serveApic(signals);
            } else if (level > active) {
                lookForEntry = true;
            } else {
                dropStartup(vp.context(level).apic());
                vp.levels().notifyOfLowerInterrupt();
            }
        }
    }

    /** INIT and start-up IPIs for a level do nothing where a higher one is enabled (TLFS vsm.md, "VTL Interrupt Management"). */
    private static void dropStartup(LocalApic apic) {
        apic.takeInit();
        apic.takeStartup();
    }

    /** Of whichever level: a lower one may have been suspended when a higher one was entered. */
    private void resumed() {
        for (int level = 0; level < Partition.TRUST_LEVELS; level++) {
            VtlContext context = vp.context(level);
            if (context != null) {
                context.flushPass().acknowledge();
                if (!context.flushPass().suspended()) {
                    context.traceResume(ResumeReason.LIFTED);
                }
            }
        }
        // A lower level takes interrupts again. One may have come while it did not, and nothing else tells of that.
        vp.levels().notifyOfLowerInterrupt();
    }

    private void serveApic(int signals) {
        LocalApic apic = vp.apic();
        if (vp.highestLevel() > vp.context().level()) {
            dropStartup(apic);
        }
        // INIT before start-up: the local APIC forgets a start-up IPI that came before an INIT.
        if (has(signals, Signal.INIT) && apic.takeInit()) {
            init();
        }
        if (has(signals, Signal.STARTUP)) {
            int vector = apic.takeStartup();
            if (vector >= 0 && vp.context().activity() == Activity.WAIT_FOR_STARTUP) {
                cpu.startup(vector);
                vp.context().setActivity(Activity.RUNNING);
            }
        }
        if (has(signals, Signal.NMI)) {
            postNmis(apic.takeNmis());
        }
        lookForInterrupts = true;
    }

    private static boolean has(int signals, Signal signal) {
        return (signals >>> signal.ordinal() & 1) != 0;
    }

    /** SDM 9.1, 9.4: the boot processor goes to the reset vector, the others wait. */
    private void init() {
        LocalApic apic = vp.apic();
        apic.init();
        if (vp.context().flushPass().cancel()) {
            vp.context().traceResume(ResumeReason.INIT);
        }
        cpu.reset(true);
        boolean boot = (apic.base() & LocalApic.BASE_BOOT_PROCESSOR) != 0;
        vp.context().setActivity(boot ? Activity.RUNNING : Activity.WAIT_FOR_STARTUP);
        reset();
    }

    private void postNmis(int count) {
        VtlContext context = vp.context();
        if (context.activity() == Activity.WAIT_FOR_STARTUP) {
            return;
        }
        for (int i = 0; i < count; i++) {
            // A processor that halted in its NMI handler sleeps on: the NMI waits for an IRET.
            boolean wakes = cpu.postNmi();
            observer.injected(NMI_VECTOR);
            trace.injected(context.level(), NMI_VECTOR);
            if (wakes) {
                context.setActivity(Activity.RUNNING);
            }
        }
    }

    private Turn execute() {
        if (lookForEntry) {
            // What enters nothing because the VP waits to be started is looked at again when it has been.
            lookForEntry = vp.context().activity() == Activity.WAIT_FOR_STARTUP;
            vp.levels().enterForInterrupts();
        }
        VtlContext context = vp.context();
        if (context.awaitsTlbLock() && !context.flushPass().suspended()) {
            Entry entry = context.flushPass().awaitNoLock();
            if (entry != Entry.PASSED) {
                return entry == Entry.SUSPENDED ? Turn.IDLE : Turn.RAN;
            }
            context.awaitTlbLock(false);
        }
        // A suspended level takes no interrupt: it is in the middle of an instruction, as far as anybody can tell.
        if (context.activity() == Activity.WAIT_FOR_STARTUP
                || context.flushPass().suspended()) {
            return Turn.IDLE;
        }
        if (lookForInterrupts) {
            deliverInterrupt(context);
        }
        if (context.activity() != Activity.RUNNING) {
            return Turn.IDLE;
        }
        if (!requests.enterGuest()) {
            return Turn.RAN;
        }
        ExitReason reason;
        try {
            reason = cpu.run();
        } finally {
            requests.leaveGuest();
        }
        long began = trace.begin();
        observer.exited(cpu.exit());
        takeTaskPriority(context.apic());
        if (dispatcher.dispatch(reason)) {
            lookForInterrupts = true;
            // Of the level that is active by now.
            giveTaskPriority(vp.apic());
        }
        trace.exited(context.level(), began, cpu.exit());
        return Turn.RAN;
    }

    /** The guest's MOV to CR8 changes the task priority (SDM 10.8.6.1), by exit only where it lowers it. */
    private void takeTaskPriority(LocalApic apic) {
        int priority = (int) cpu.get(Register.CR8);
        if (priority != apic.taskPriorityClass()) {
            apic.setTaskPriorityClass(priority);
        }
    }

    /** And a write to the TPR changes CR8. */
    private void giveTaskPriority(LocalApic apic) {
        int priority = apic.taskPriorityClass();
        if (priority != (int) cpu.get(Register.CR8)) {
            cpu.set(Register.CR8, priority);
        }
    }

    private void deliverInterrupt(VtlContext context) {
        lookForInterrupts = false;
        LocalApic apic = context.apic();
        boolean more = apic.deliverable() != LocalApic.NONE;
        if (more && cpu.interruptible()) {
            int vector = apic.acknowledge();
            cpu.injectInterrupt(vector);
            observer.injected(vector);
            trace.injected(context.level(), vector);
            context.setActivity(Activity.RUNNING);
            more = apic.deliverable() != LocalApic.NONE;
        }
        if (more && context.activity() == Activity.IDLE) {
            context.setActivity(Activity.RUNNING);
        }
        // A halted processor that takes no interrupts executes nothing that could change that.
        boolean window = more && context.activity() == Activity.RUNNING;
        if (window != windowRequested) {
            windowRequested = window;
            cpu.requestInterruptWindow(window);
        }
    }

    void save(StateWriter out) {
        out.putBoolean(lookForInterrupts);
        out.putBoolean(lookForEntry);
        out.putBoolean(windowRequested);
    }

    void restore(StateReader in) {
        lookForInterrupts = in.getBoolean();
        lookForEntry = in.getBoolean();
        windowRequested = in.getBoolean();
        // Its first turn tells.
        awake = true;
    }
}
