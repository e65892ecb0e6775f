package portcullis.fuzz;

import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.SyntheticMsr;

/** RDMSR or WRMSR by a guest's instruction. */
final class MsrStep {
    private static final List<SyntheticMsr> ALL = SyntheticMsr.all();
    private static final int MOST_TURNS = 64;
    private static final int TURN_BUDGET = 500;

    /** What a write that is no fault leaves to be read, all 64 bits. */
    private static final List<Integer> KEPT = List.of(
            HvMsr.GUEST_OS_ID,
            HvMsr.VP_ASSIST_PAGE,
            HvMsr.REFERENCE_TSC,
            HvMsr.SCONTROL,
            HvMsr.SIMP,
            HvMsr.SIEFP,
            HvMsr.CRASH_P0,
            HvMsr.CRASH_P1,
            HvMsr.CRASH_P2,
            HvMsr.CRASH_P3,
            HvMsr.CRASH_P4);

    private final Machine machine;
    private final Choices choose;
    private final Tally tally;
    /** Whether other VPs run at the same time. */
    private final boolean shared;

    private final ExitDetails answer = new ExitDetails();

    // Of the access in progress.
    private int msr;
    private boolean writes;
    private long value;

    MsrStep(Machine machine, Choices choose, Tally tally, boolean shared) {
        this.machine = machine;
        this.choose = choose;
        this.tally = tally;
        this.shared = shared;
    }

    @Override
    public String toString() {
        return "%s MSR %x %x".formatted(writes ? "write" : "read", msr, value);
    }

    /** By a VP at privilege level 0, in 64-bit mode. @return whether an overlay may have moved */
    boolean run(Caller caller) {
        msr = number();
        writes = choose.below(3) != 0;
        value = writes ? value() : 0;
        if (shared) {
            tame();
        }
        var cpu = caller.cpu;
        cpu.set(Register.RCX, msr & 0xffff_ffffL);
        cpu.set(Register.RAX, value & 0xffff_ffffL);
        cpu.set(Register.RDX, value >>> 32);
        cpu.set(Register.RIP, writes ? Layout.WRMSR : Layout.RDMSR);
        ExitReason exit = turns(caller);
        if (exit == ExitReason.MSR_READ || exit == ExitReason.MSR_WRITE) {
            answered(caller, cpu.exit().fault);
            cpu.forgetExit();
        } else {
            // The processor's own: it has written it, or raised #GP.
            caller.goneAstray();
        }
        return writes && SyntheticMsrs.owns(msr);
    }

    private ExitReason turns(Caller caller) {
        int index = caller.vp.index();
        machine.exits[index] = null;
        for (int turn = 0; turn < MOST_TURNS && !caller.vp.paused(); turn++) {
            caller.cpu.setBudget(TURN_BUDGET);
            caller.vp.turn();
            ExitReason exit = machine.exits[index];
            if (exit != null && exit != ExitReason.KICKED && exit != ExitReason.BUDGET) {
                return exit;
            }
        }
        return null;
    }

    private int number() {
        return switch (choose.below(16)) {
            case 0, 1 -> 0x40000000 + choose.below(0x210);
            case 2 -> 0x800 + choose.below(0x100);
            case 3 -> choose.oneIn(2) ? 0x1b : 0x6e0;
            case 4 -> choose.oneIn(4) ? (int) choose.bits() : HvMsr.STIMER0_CONFIG + choose.below(8);
            default -> ALL.get(choose.below(ALL.size())).number();
        };
    }

    private long value() {
        return switch (msr) {
            // A reset ends a program: not often.
            case HvMsr.RESET -> choose.oneIn(8) ? 1 : 0;
            case HvMsr.GUEST_OS_ID -> choose.oneIn(8) ? 0 : Values.any(choose);
            case HvMsr.SIMP, HvMsr.SIEFP, HvMsr.VP_ASSIST_PAGE, HvMsr.REFERENCE_TSC, HvMsr.HYPERCALL ->
                Values.elsewhere(choose.oneIn(6) ? Values.any(choose) : Values.pageRegister(choose));
            case HvMsr.SCONTROL -> choose.oneIn(6) ? Values.any(choose) : 1;
            case 0x1b -> 0xfee00000L | choose.below(16) << 8 | (choose.oneIn(4) ? Values.any(choose) : 0);
            default -> {
                boolean timer = msr >= HvMsr.STIMER0_CONFIG && msr < HvMsr.STIMER0_CONFIG + 8;
                boolean source = msr >= HvMsr.SINT0 && msr <= HvMsr.SINT15;
                if (timer && choose.below(4) != 0) {
                    yield (msr & 1) == 0 ? timerConfig() : 1 + choose.below(1 << 20);
                }
                yield source && choose.below(4) != 0
                        ? 16 + choose.below(240) | choose.below(8) << 16
                        : Values.any(choose);
            }
        };
    }

    private long timerConfig() {
        return choose.below(32)
                | (16L + choose.below(240)) << 4
                | (long) choose.below(2) << 12
                | (long) choose.below(16) << 16;
    }

    /** Where others run: no end of the run, no INIT or start-up IPI, no hypercall #UD for others. */
    private void tame() {
        if (msr == HvMsr.RESET) {
            value = 0;
        } else if (msr == HvMsr.GUEST_OS_ID) {
            value |= 1;
        } else if (msr == HvMsr.ICR || msr == 0x830) {
            value &= ~0x700L;
        } else if (msr == 0x1b) {
            value = 0xfee00800L;
        }
    }

    private void answered(Caller caller, boolean fault) {
        if (writes) {
            tally.msrWrites++;
        } else {
            tally.msrReads++;
        }
        tally.generalProtection += fault ? 1 : 0;
        if (!SyntheticMsrs.owns(msr)) {
            // IPIs to itself, another address for its APIC's page.
            caller.goneAstray();
            return;
        }
        SyntheticMsr known = SyntheticMsr.of(msr);
        boolean granted = known != null && granted(known) && (writes ? known.writable() : known.readable());
        Violation.require(fault || granted, "no #GP: %s", this);
        Violation.require(!fault || !always(known, granted), "#GP: %s", this);
        if (writes && !fault && !shared && KEPT.contains(msr)) {
            answer.msr = msr;
            caller.vp.context().syntheticMsrs().read(answer);
            Violation.require(!answer.fault && answer.value == value, "reads %x after %s", answer.value, this);
        }
    }

    private boolean granted(SyntheticMsr known) {
        HypervConfig config = machine.config;
        boolean privileged = known.privilege() == 0 || (config.privileges() & known.privilege()) != 0;
        return privileged && (config.features() & known.feature()) == known.feature();
    }

    /** What can be read whatever else is so. */
    private boolean always(SyntheticMsr known, boolean granted) {
        if (!granted || writes) {
            return false;
        }
        int number = known.number();
        return number <= HvMsr.APIC_FREQUENCY
                || number == HvMsr.VP_ASSIST_PAGE
                || number >= HvMsr.SCONTROL && number <= HvMsr.EOM
                || number >= HvMsr.SINT0 && number <= HvMsr.SINT15
                || number >= HvMsr.STIMER0_CONFIG && number < HvMsr.STIMER0_CONFIG + 8
                || number == HvMsr.GUEST_IDLE
                || number >= HvMsr.CRASH_P0 && number <= HvMsr.TSC_EMULATION_STATUS;
    }
}
