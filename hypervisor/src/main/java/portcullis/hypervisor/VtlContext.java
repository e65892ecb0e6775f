package portcullis.hypervisor;

import portcullis.hypervisor.apic.LocalApic;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.VpTrace;

/** What one trust level of one VP has for itself (TLFS vsm.md, "VTL state isolation"). Its registers are in the engine's context. */
public final class VtlContext {
    /** Whether the level executes instructions. */
    public enum Activity {
        RUNNING,
        /** After HLT, until an interrupt that is not masked, NMI, INIT or reset. */
        HALTED,
        /** After reset or INIT of an application processor, until a start-up IPI (SDM 9.4). */
        WAIT_FOR_STARTUP
    }

    private final int level;
    private final LocalApic apic;
    private final VpTrace trace;
    private volatile Activity activity = Activity.WAIT_FOR_STARTUP;

    VtlContext(int level, LocalApic apic, VpTrace trace) {
        this.level = level;
        this.apic = apic;
        this.trace = trace;
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
        // A processor that waits says so again at each reset: else a trace would not know of those that are never
        // started.
        if (now != before || now == Activity.WAIT_FOR_STARTUP) {
            trace.runState(level, runState(now));
        }
    }

    private static RunState runState(Activity activity) {
        return switch (activity) {
            case RUNNING -> RunState.RUNNING;
            case HALTED -> RunState.HALTED;
            case WAIT_FOR_STARTUP -> RunState.WAIT_FOR_STARTUP;
        };
    }
}
