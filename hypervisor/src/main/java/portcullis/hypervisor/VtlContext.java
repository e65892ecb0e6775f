package portcullis.hypervisor;

import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.gate.FlushGate;
import portcullis.hypervisor.gate.FlushPass;
import portcullis.hypervisor.gate.InhibitHolders;
import portcullis.hypervisor.gate.InhibitReason;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.hypervisor.hyperv.VpAssistPage;
import portcullis.hypervisor.registers.VpRegisters;
import portcullis.hypervisor.synic.Connections;
import portcullis.hypervisor.synic.Synic;
import portcullis.hypervisor.trace.ResumeReason;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.VpTrace;
import portcullis.hypervisor.vsm.SecureConfig;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.register.VpStateRegisters.InternalActivity;

/** What one trust level of one VP has for itself (TLFS vsm.md, "VTL state isolation"). Its registers are in the engine's context. */
public final class VtlContext {
    /** Whether the level executes instructions. */
    public enum Activity {
        RUNNING,
        /** After HLT, until an interrupt that is not masked, NMI, INIT or reset. */
        HALTED,
        /** Virtual idle (TLFS): until an interrupt, masked by RFLAGS.IF or not, NMI, INIT or reset. */
        IDLE,
        /** After reset or INIT of an application processor, until a start-up IPI (SDM 9.4). */
        WAIT_FOR_STARTUP
    }

    /** {@link #enteredFrom}: this level has not been entered from another. */
    static final int NOWHERE = -1;

    private final int level;
    private final LocalApic apic;
    private final FlushGate gate;
    private final FlushPass pass;
    private final InhibitHolders holders = new InhibitHolders();
    private final Synic synic;
    private final VpAssistPage assistPage;
    private final Runnable activityChanged;
    private final VpTrace trace;
    private long suspendedSince;
    private int suspendedOn = FlushPass.NONE;
    private final SecureConfig secureConfig = new SecureConfig();
    private boolean awaitsTlbLock;
    private int enteredFrom = NOWHERE;
    private SyntheticMsrs syntheticMsrs;
    private VpRegisters registers;
    private volatile Activity activity = Activity.WAIT_FOR_STARTUP;

    VtlContext(
            int level,
            LocalApic apic,
            Synic synic,
            FlushGate gate,
            FlushPass pass,
            VpAssistPage assistPage,
            Runnable activityChanged,
            VpTrace trace) {
        this.level = level;
        this.activityChanged = activityChanged;
        this.apic = apic;
        this.synic = synic;
        this.gate = gate;
        this.pass = pass;
        this.assistPage = assistPage;
        this.trace = trace;
    }

    /** What stands before this level's TLB. */
    public FlushGate flushGate() {
        return gate;
    }

    /** How this level passes the gates of others, and whether it is suspended at one. */
    public FlushPass flushPass() {
        return pass;
    }

    public VpAssistPage assistPage() {
        return assistPage;
    }

    /** SynIC and synthetic timers. Out of the guest's reach where they are not offered. */
    public Synic synic() {
        return synic;
    }

    /** Tells traces that this level is suspended at a gate, on the hypercall at {@code rip}. */
    public void traceSuspend(long rip, int code) {
        // A wait that a lift has ended, whose callback has not been served yet.
        traceResume(ResumeReason.LIFTED);
        suspendedSince = trace.begin();
        suspendedOn = pass.lastWaitedOn();
        trace.suspended(level, suspendedOn, rip, code);
    }

    void traceResume(ResumeReason why) {
        if (suspendedOn != FlushPass.NONE) {
            trace.resumed(level, suspendedSince, suspendedOn, why);
            suspendedOn = FlushPass.NONE;
        }
    }

    /** Goes to sleep as HV_X64_MSR_GUEST_IDLE has it. The VP's thread. */
    public void idle() {
        setActivity(Activity.IDLE);
    }

    /**
     * Shuts this level's gate and waits for flushes that are passing it: {@link FlushGate#inhibit}.
     *
     * @param holder the VP, and {@code by} its trust level, through which it is held; of no meaning for the host
     */
    void inhibitFlushes(InhibitReason reason, int holder, int by, Runnable serve, Runnable applyPending) {
        long began = trace.begin();
        if (reason != InhibitReason.HOST) {
            holders.add(reason, holder, by);
        }
        int passing = gate.inhibit(reason, holder, serve, applyPending);
        if (passing != FlushGate.UNCHANGED) {
            trace.inhibited(level, began, reason, passing);
        }
    }

    /** Whether the gate is shut through that level of that VP, among others perhaps. Any thread. */
    public boolean flushInhibitHeldBy(InhibitReason reason, int holder, int by) {
        return gate.holds(reason) && holders.has(reason, holder, by);
    }

    /** One holder's inhibit is over; the gate stays shut where others hold it for the same reason. Any thread. */
    void releaseFlushInhibit(InhibitReason reason, int holder, int by) {
        // The holders' monitor is held until the gate knows: nobody comes, and who stays does not go, in between.
        synchronized (holders) {
            tellHolder(reason, holders.remove(reason, holder, by, () -> lift(reason.bit())));
        }
    }

    /**
     * Ends what levels up to {@code by}, of whichever VPs, hold for a reason; the gate stays shut where a higher one holds it, too. Any
     * thread.
     */
    public void endFlushInhibit(InhibitReason reason, int by) {
        synchronized (holders) {
            tellHolder(reason, holders.removeUpTo(reason, by, () -> lift(reason.bit())));
        }
    }

    private void tellHolder(InhibitReason reason, int other) {
        if (other != FlushPass.NONE && reason == InhibitReason.INTERCEPT) {
            gate.interceptHeldBy(other);
        }
    }

    /** Takes reasons away, whoever holds them, and resumes who waited for that: {@link FlushGate#lift(int)}. Any thread. */
    public void liftFlushInhibit(int reasons) {
        if (reasons == InhibitReason.HOST.bit()) {
            lift(reasons);
        } else {
            holders.removeAll(reasons, () -> lift(reasons));
        }
    }

    private void lift(int reasons) {
        long began = trace.begin();
        int there = gate.reasons() & reasons;
        int resumed = gate.lift(reasons);
        if (resumed != FlushGate.UNCHANGED) {
            trace.lifted(level, began, there, gate.reasons() == 0, resumed);
        }
    }

    /** Whether guest code may run: not halted, not suspended. Any thread. */
    boolean executable() {
        return activity == Activity.RUNNING && !pass.suspended();
    }

    /** 0 to 2. */
    public int level() {
        return level;
    }

    public LocalApic apic() {
        return apic;
    }

    /** Changes on the VP's thread only. */
    public Activity activity() {
        return activity;
    }

    void setActivity(Activity now) {
        Activity before = activity;
        activity = now;
        if (now != before) {
            activityChanged.run();
        }
        // A processor that waits says so again at each reset: else a trace would not know of those that are never
        // started.
        if (now != before || now == Activity.WAIT_FOR_STARTUP) {
            trace.runState(level, runState(now));
        }
    }

    /** HvRegisterInternalActivityState. */
    public long activityBits() {
        return switch (activity) {
            case RUNNING -> 0;
            case HALTED -> InternalActivity.HALT_SUSPEND;
            case IDLE -> InternalActivity.IDLE_SUSPEND;
            case WAIT_FOR_STARTUP -> InternalActivity.STARTUP_SUSPEND;
        };
    }

    /** @return false for what is no state */
    public boolean setActivityBits(long bits) {
        if (bits == 0) {
            setActivity(Activity.RUNNING);
        } else if (bits == InternalActivity.HALT_SUSPEND) {
            setActivity(Activity.HALTED);
        } else if (bits == InternalActivity.IDLE_SUSPEND) {
            setActivity(Activity.IDLE);
        } else if (bits == InternalActivity.STARTUP_SUSPEND) {
            setActivity(Activity.WAIT_FOR_STARTUP);
        } else {
            return false;
        }
        return true;
    }

    /** This level's registers by their names in the specification. Null where Microsoft's interface is not offered. */
    public VpRegisters registers() {
        return registers;
    }

    public SyntheticMsrs syntheticMsrs() {
        return syntheticMsrs;
    }

    /** Puts everything into the state that a new level has. The VP's thread. */
    void reset() {
        if (pass.cancel()) {
            traceResume(ResumeReason.RESET);
        }
        liftFlushInhibit(InhibitReason.ALL);
        assistPage.reset();
        synic.reset();
        apic.reset();
        secureConfig.reset(apic);
        if (syntheticMsrs != null) {
            syntheticMsrs.reset();
        }
        awaitsTlbLock = false;
        enteredFrom = NOWHERE;
    }

    /** A lower level of this VP enters this one. The VP's thread. */
    void enteredFrom(int lower) {
        enteredFrom = lower;
    }

    /** Whether this level, above 0, has been entered or started. */
    boolean begun() {
        return enteredFrom != NOWHERE;
    }

    /** The level that was active when this one was entered, or {@link #NOWHERE}: it has not been. */
    int enteredFrom() {
        return enteredFrom;
    }

    /** What this level, above 0, has set for itself and lower ones. */
    public SecureConfig secureConfig() {
        return secureConfig;
    }

    /** Has this level not be entered before no gate of it is shut by a lock (HvRegisterVsmVpWaitForTlbLock). The VP's thread. */
    public void awaitTlbLock(boolean wait) {
        awaitsTlbLock = wait;
    }

    public boolean awaitsTlbLock() {
        return awaitsTlbLock;
    }

    /** The second half of construction. */
    void complete(Partition partition, VirtualProcessor vp) {
        if (partition.hyperv().offered()) {
            syntheticMsrs = new SyntheticMsrs(partition, vp, this);
            registers = new VpRegisters(partition, vp, this, syntheticMsrs);
        }
    }

    private static RunState runState(Activity activity) {
        return switch (activity) {
            case RUNNING -> RunState.RUNNING;
            case HALTED, IDLE -> RunState.HALTED;
            case WAIT_FOR_STARTUP -> RunState.WAIT_FOR_STARTUP;
        };
    }

    // Saved state

    /** What belongs to the level alone; its gate is saved with those of all VPs. */
    void save(StateWriter out) {
        out.putEnum(activity);
        secureConfig.save(out);
        out.putBoolean(awaitsTlbLock);
        out.putInt(enteredFrom);
        holders.save(out);
        assistPage.save(out);
        synic.save(out);
        // Behind those that tell it which interrupts end by themselves or in a page.
        apic.save(out);
        if (syntheticMsrs != null) {
            syntheticMsrs.save(out);
        }
    }

    void restore(StateReader in, Connections connections) {
        activity = in.getEnum(Activity.class);
        trace.runState(level, runState(activity));
        secureConfig.restore(in);
        awaitsTlbLock = in.getBoolean();
        enteredFrom = in.getInt(NOWHERE, Partition.TRUST_LEVELS - 1);
        holders.restore(in);
        assistPage.restore(in);
        synic.restore(in, connections);
        apic.restore(in);
        if (syntheticMsrs != null && in.version() >= VirtualProcessor.STATE_WITH_SYNTHETIC_MSRS) {
            syntheticMsrs.restore(in);
        }
    }
}
