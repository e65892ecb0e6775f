package portcullis.hypervisor;

import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.apic.DeliveryMode;
import portcullis.hypervisor.apic.LocalApic;
import portcullis.memory.OverlayPage;
import portcullis.tlfs.page.AssistPage;
import portcullis.tlfs.register.VsmRegisters.VsmVina;

/**
 * How a VP goes from one of its trust levels to another (TLFS vsm.md, "VTL Entry", "VTL Exit", "VTL Interrupt Management"). On
 * the VP's thread, outside guest mode.
 */
public final class LevelSwitch {
    private static final int CONTROL = AssistPage.VpAssistPage.VTL_CONTROL;
    private static final int REASON = CONTROL + AssistPage.VtlControl.ENTRY_REASON;
    private static final int VINA = CONTROL + AssistPage.VtlControl.VINA_STATUS;
    private static final int SAVED_RAX = CONTROL + AssistPage.VtlControl.VTL_RETURN_X64_RAX;
    private static final int SAVED_RCX = CONTROL + AssistPage.VtlControl.VTL_RETURN_X64_RCX;
    private static final int SAVED_EAX = CONTROL + AssistPage.VtlControl.VTL_RETURN_X86_EAX;
    private static final int SAVED_ECX = CONTROL + AssistPage.VtlControl.VTL_RETURN_X86_ECX;
    private static final int SAVED_EDX = CONTROL + AssistPage.VtlControl.VTL_RETURN_X86_EDX;
    private static final long LOW = 0xffff_ffffL;
    private static final int VINA_ASSERTED = AssistPage.VtlControl.VINA_STATUS_VINA_ASSERTED;

    private final VirtualProcessor vp;
    private final VirtualCpu cpu;
    private final VpRunner runner;

    LevelSwitch(VirtualProcessor vp, VpRunner runner) {
        this.vp = vp;
        this.runner = runner;
        cpu = vp.cpu();
    }

    /** The lowest enabled level above the active one, or -1. */
    public int next() {
        for (int level = vp.context().level() + 1; level < Partition.TRUST_LEVELS; level++) {
            if (vp.context(level) != null) {
                return level;
            }
        }
        return -1;
    }

    /** Enters a higher level. @param reason HV_VTL_ENTRY_REASON */
    public void enter(int level, int reason) {
        VtlContext from = vp.context();
        VtlContext to = vp.context(level);
        to.enteredFrom(from.level());
        OverlayPage page = to.assistPage().page();
        runner.activate(to);
        if (page != null) {
            page.putInt(REASON, reason);
            saveRegisters(page);
            if (to.secureConfig().vina().autoReset()) {
                page.getAndClearBits(VINA, VINA_ASSERTED);
            }
        }
        if (to.activity() != VtlContext.Activity.RUNNING) {
            // A level that halted is entered to take what it waits for, or to be told why.
            to.setActivity(VtlContext.Activity.RUNNING);
        }
        vp.trace().vtlEntered(from.level(), level, reason(reason));
        // What came together with the reason for this entry waits from now on.
        notifyOfLowerInterrupt();
    }

    /** What the entry sequence and an interrupt handler's first instructions need, in the width of the level entered. */
    private void saveRegisters(OverlayPage page) {
        if (cpu.executes64BitCode()) {
            page.putLong(SAVED_RAX, cpu.get(Register.RAX));
            page.putLong(SAVED_RCX, cpu.get(Register.RCX));
        } else {
            page.putInt(SAVED_EAX, (int) cpu.get(Register.RAX));
            page.putInt(SAVED_ECX, (int) cpu.get(Register.RCX));
            page.putInt(SAVED_EDX, (int) cpu.get(Register.RDX));
        }
    }

    private void restoreRegisters(OverlayPage page) {
        if (cpu.executes64BitCode()) {
            cpu.set(Register.RAX, page.getLong(SAVED_RAX));
            cpu.set(Register.RCX, page.getLong(SAVED_RCX));
        } else {
            cpu.set(Register.RAX, page.getInt(SAVED_EAX) & LOW);
            cpu.set(Register.RCX, page.getInt(SAVED_ECX) & LOW);
            cpu.set(Register.RDX, page.getInt(SAVED_EDX) & LOW);
        }
    }

    private static String reason(int reason) {
        return switch (reason) {
            case AssistPage.VtlControl.ENTRY_REASON_VTL_CALL -> "call";
            case AssistPage.VtlControl.ENTRY_REASON_INTERRUPT -> "interrupt";
            default -> "intercept";
        };
    }

    /**
     * Leaves the active level for the one from which it was entered: the next lower one after a call (TLFS, HvCallVtlReturn), or
     * one below that, where an interrupt or an intercept has skipped levels. Those in between have returned, and are entered
     * again for a reason only.
     *
     * @param fast whether RAX and RCX stay as they are
     * @return false where there is no lower level
     */
    public boolean leave(boolean fast) {
        VtlContext from = vp.context();
        int level = from.enteredFrom();
        if (level == VtlContext.NOWHERE) {
            level = from.level() - 1;
        }
        while (level >= 0 && vp.context(level) == null) {
            level--;
        }
        if (level < 0) {
            return false;
        }
        OverlayPage page = from.assistPage().page();
        if (!fast && page != null) {
            restoreRegisters(page);
        }
        for (int left = from.level(); left > level; left--) {
            if (vp.context(left) != null) {
                vp.context(left).secureConfig().endLocks();
            }
        }
        vp.releaseHeldInhibits(level);
        runner.activate(vp.context(level));
        vp.trace().vtlReturned(from.level(), level, fast ? "fast" : "restoring");
        return true;
    }

    /**
     * Enters the highest level that has an interrupt it would take by its task priority, whatever RFLAGS.IF is, and whatever the
     * active level is doing. Where that waits to be started, only a level that has begun before.
     */
    void enterForInterrupts() {
        int active = vp.context().level();
        boolean waits = vp.context().activity() == VtlContext.Activity.WAIT_FOR_STARTUP;
        for (int level = Partition.TRUST_LEVELS - 1; level > active; level--) {
            VtlContext context = vp.context(level);
            if (context != null
                    && (!waits || context.begun())
                    && (deliverable(context.apic()) || context.apic().nmiLatched())) {
                enter(level, AssistPage.VtlControl.ENTRY_REASON_INTERRUPT);
                return;
            }
        }
    }

    private static boolean deliverable(LocalApic apic) {
        return apic.deliverable() != LocalApic.NONE;
    }

    /** Tells the active level, if it wants to know, that a lower one has an interrupt that it would take now. */
    public void notifyOfLowerInterrupt() {
        VtlContext active = vp.context();
        VsmVina vina = active.secureConfig().vina();
        OverlayPage page = active.assistPage().page();
        if (!vina.enabled() || page == null || (page.getInt(VINA) & VINA_ASSERTED) != 0 || !lowerReady()) {
            return;
        }
        page.getAndSetBits(VINA, VINA_ASSERTED);
        active.apic().receive(DeliveryMode.FIXED, vina.vector(), false);
    }

    private boolean lowerReady() {
        int active = vp.context().level();
        boolean ready = false;
        for (int level = 0; level < active && !ready; level++) {
            VtlContext lower = vp.context(level);
            if (lower != null && !lower.flushPass().suspended() && deliverable(lower.apic())) {
                cpu.switchContext(level);
                ready = cpu.interruptible();
                cpu.switchContext(active);
            }
        }
        return ready;
    }
}
