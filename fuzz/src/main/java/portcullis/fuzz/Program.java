package portcullis.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.Partition;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.synic.EventPort;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvRegister;

/**
 * One guest's life, from reset to reset, on one thread: random steps by random VPs. The same choices make the same program.
 */
final class Program {
    private static final int RUN_BUDGET = 60;
    private static final int TURN_BUDGET = 500;
    private static final int[] OVERLAY_MSRS = {HvMsr.VP_ASSIST_PAGE, HvMsr.SIMP, HvMsr.SIEFP, HvMsr.REFERENCE_TSC};

    private final Bench bench;
    private final Machine machine;
    private final Choices choose;
    private final Tally tally;
    private final List<Caller> callers = new ArrayList<>();
    private final CallStep calls;
    private final MsrStep msrs;
    /** Where each step began in the list of choices: the shrinker leaves out whole ones. */
    private final List<Integer> stepStarts = new ArrayList<>();

    /** Who makes the step. */
    private Caller active;

    private CallRule also = CallRule.NONE;

    /** What was done, a line a step; null where nobody wants to know. */
    private List<String> history;

    /** What is being done: its text is wanted only where something goes wrong. */
    private Object last = "the beginning";

    Program(Bench bench, Choices choose, Tally tally) {
        this.bench = bench;
        this.choose = choose;
        this.tally = tally;
        machine = bench.machine();
        int callerCount = Math.min(4, machine.variant.processors);
        for (int i = 0; i < callerCount; i++) {
            callers.add(new Caller(machine.vps.get(i)));
        }
        Inputs inputs = new Inputs(choose, machine.vps.size(), 0, machine.variant.trustLevels > 0);
        HandlerRules handlers = new HandlerRules(machine.config, machine.vps.size(), this::inhibited);
        calls = new CallStep(machine, choose, tally, inputs, handlers, bench.pages(choose));
        msrs = new MsrStep(machine, choose, tally, false);
    }

    /** Checks {@code rule} behind every call, too. */
    void alsoKeep(CallRule rule) {
        also = rule;
    }

    /** Where each step began, as a count of choices. */
    List<Integer> stepStarts() {
        return stepStarts;
    }

    /** Keeps a line about each step from now on. */
    List<String> keepHistory() {
        history = new ArrayList<>();
        return history;
    }

    /** Runs at most {@code steps} steps. @throws Violation where a rule does not hold */
    void run(int steps) {
        tally.programs++;
        callers.getFirst().vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 0x8100_0000_0000_0001L);
        try {
            if (machine.variant.trustLevels > 0) {
                enableLevels();
            }
            for (int i = 0; i < steps && !choose.exhausted() && !ended(); i++) {
                stepStarts.add(choose.count());
                step();
                if (history != null) {
                    history.add(last.toString());
                }
            }
        } catch (Violation violation) {
            if (history != null) {
                history.add(last.toString());
            }
            throw violation;
        } catch (RuntimeException | Error failure) {
            throw new Violation("the host failed after " + last, failure);
        }
        finish();
    }

    /** At the level of whoever makes the step. */
    private boolean inhibited(int vp) {
        return machine.partition.gates(active.vp.context().level()).gate(vp).reasons() != 0;
    }

    /** Levels 1 and 2, as a guest that knows how enables them, as far as the choices want. */
    private void enableLevels() {
        Caller first = callers.getFirst();
        active = first;
        int wanted = choose.below(8);
        exactly(first, wanted > 0, call -> Inputs.enablePartition(call, 1));
        exactly(first, wanted > 0, call -> Inputs.enableProcessor(call, 0, 1));
        exactly(first, wanted > 1, call -> call.control = CallTable.VTL_CALL);
        identify(first);
        for (int vp = 1; vp < machine.vps.size(); vp++) {
            int other = vp;
            exactly(first, wanted > 2 && choose.below(4) != 1, call -> Inputs.enableProcessor(call, other, 1));
        }
        exactly(first, wanted > 3, call -> Inputs.setOwn(call, HvRegister.VSM_PARTITION_CONFIG, 1 | 0xf << 1));
        exactly(first, wanted > 4, call -> Inputs.enablePartition(call, 2));
        exactly(first, wanted > 4, call -> Inputs.enableProcessor(call, 0, 2));
        exactly(first, wanted == 7, call -> call.control = CallTable.VTL_RETURN);
    }

    private void exactly(Caller caller, boolean wanted, Consumer<Call> maker) {
        if (wanted && !ended()) {
            caller.prepare();
            caller.cpu.set(Register.RAX, 0);
            last = calls;
            calls.run(caller, maker);
            if (history != null) {
                history.add(last.toString());
            }
        }
    }

    /** A level that says who it is may make calls. */
    private void identify(Caller caller) {
        if (machine.partition.level(caller.vp.context().level()).guestOsId() == 0) {
            caller.vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 2);
        }
    }

    private boolean ended() {
        return callers.getFirst().vp.paused();
    }

    private void step() {
        int kind = choose.below(100);
        Caller caller = callers.get(choose.below(callers.size()));
        active = caller;
        caller.cpu.setBudget(TURN_BUDGET);
        if (caller.suspended()) {
            stayingSuspended(caller);
            return;
        }
        if (caller.vp.wanted()) {
            last = "what was sent to vp " + caller.vp.index();
            caller.serve();
            bench.guard().absorb();
        }
        if (ended()) {
            return;
        }
        caller.prepare();
        if (caller.vp.context().level() > 0 && choose.below(4) != 1) {
            identify(caller);
        }
        int level = caller.vp.context().level();
        if (kind < 70) {
            last = calls;
            calls.run(caller);
            also.check(calls.call());
            afterCall();
        } else if (kind < 86) {
            accessMsr(caller);
        } else {
            other(kind, caller);
        }
        if (caller.vp.context().level() != level) {
            // Wherever it is now, it may have executed something.
            bench.guard().absorbAll();
        }
    }

    /** Registers of others may have changed, and who runs. */
    private void afterCall() {
        int code = calls.call().code();
        if (code == CallTable.SET_REGISTERS || code == CallTable.START_VP) {
            callers.forEach(Caller::goneAstray);
            bench.overlays().check(calls.call());
            if (choose.below(8) == 1) {
                // In whatever state it is in now.
                int target = calls.call().intAt(8);
                boolean another = target >= 0 && target < machine.vps.size();
                execute(another ? machine.vps.get(target) : machine.vps.getFirst());
            }
        }
    }

    private void accessMsr(Caller caller) {
        Mode mode = caller.mode();
        caller.setMode(Mode.LONG);
        caller.prepare();
        last = msrs;
        boolean overlays = msrs.run(caller);
        caller.setMode(mode);
        if (overlays) {
            bench.overlays().check(last);
        }
        bench.guard().check(0, 0, last);
    }

    private void other(int kind, Caller caller) {
        switch (kind) {
            case 86 -> caller.setMode(Mode.values()[choose.below(Mode.values().length)]);
            case 87, 88 -> caller.setMode(Mode.LONG);
            case 89, 90, 91 -> pass();
            case 92, 93 -> inhibit();
            case 94, 95 -> touch(caller);
            case 96 -> send();
            case 97 -> fill();
            case 98 -> nmi();
            default -> {
                if (choose.oneIn(2)) {
                    runFreely(caller);
                }
            }
        }
    }

    private void pass() {
        long[] steps = {1, 1, 300, 20_000, 60_000, 1_000_000};
        bench.time().setStep(choose.of(steps));
        bench.time().advance(choose.below(1 << 28));
        int rang = bench.time().ring();
        last = "alarms: " + rang;
        bench.guard().check(0, 0, last);
    }

    private void inhibit() {
        int vp = choose.below(machine.vps.size());
        last = "inhibit of " + vp;
        int level = machine.vps.get(vp).context().level();
        if (machine.vps.get(vp).flushInhibitReasons(level) != 0) {
            machine.vps.get(vp).liftFlushInhibit(level);
        } else {
            machine.vps.get(vp).inhibitFlushes(level);
        }
    }

    /** A suspended VP executes nothing. */
    private void stayingSuspended(Caller caller) {
        last = "a turn while suspended";
        long rip = caller.cpu.get(Register.RIP);
        long retired = caller.cpu.retired();
        int on = caller.vp.context().flushPass().waitingOn();
        int level = caller.vp.context().level();
        Violation.require(inhibited(on), "vp %d waits on vp %d, which inhibits nothing", caller.vp.index(), on);
        caller.vp.turn();
        if (caller.suspended()) {
            boolean still = caller.cpu.get(Register.RIP) == rip && caller.cpu.retired() == retired;
            Violation.require(still, "vp %d executes while suspended", caller.vp.index());
        } else {
            // INIT: it may have executed something since.
            caller.goneAstray();
            bench.guard().absorb();
        }
        if (caller.vp.context().level() != level) {
            bench.guard().absorbAll();
        } else if (choose.oneIn(2) && machine.vps.get(on).context(level) != null) {
            machine.vps.get(on).liftFlushInhibit(level);
            if (inhibited(on)) {
                return;
            }
            Violation.require(!caller.suspended(), "vp %d is suspended after the lift", caller.vp.index());
            caller.goneAstray();
        }
    }

    /** The guest stores to or loads from a page, which an overlay may lie over. */
    private void touch(Caller caller) {
        Mode mode = caller.mode();
        caller.setMode(Mode.LONG);
        caller.prepare();
        long page = Layout.PLAYGROUND + choose.below(Layout.PLAYGROUND_PAGES) * Layout.PAGE;
        boolean covered = machine.memory.view(caller.vp.context().level()).isOverlaid(page);
        boolean store = choose.oneIn(2);
        caller.cpu.set(Register.RDI, page);
        caller.cpu.set(Register.RIP, store ? Layout.STORE : Layout.LOAD);
        last = "a %s of %x".formatted(store ? "store" : "load", page);
        int index = caller.vp.index();
        machine.exits[index] = null;
        for (int i = 0; i < 8 && !ended() && machine.exits[index] != ExitReason.PORT_WRITE; i++) {
            caller.vp.turn();
            if (machine.exits[index] == ExitReason.MMIO_WRITE) {
                boolean right = caller.cpu.exit().fault && covered || machine.variant.trustLevels > 0;
                Violation.require(right, "no #GP: %s", last);
                caller.cpu.forgetExit();
                break;
            }
        }
        caller.setMode(mode);
        caller.goneAstray();
        if (machine.variant.trustLevels > 0) {
            // A higher level may have had it, or a handler of its.
            bench.guard().absorbAll();
        } else {
            bench.guard().check(page, store && !covered ? page + 1 : page, last);
        }
    }

    private void send() {
        last = "a message or event from the host";
        var connections = machine.partition.connections();
        if (choose.oneIn(2) && connections.port(1) instanceof MessagePort port) {
            port.post(1 + choose.below(100), new byte[choose.below(241)]);
        } else if (connections.port(2) instanceof EventPort port) {
            port.signal(choose.below(140));
        }
        bench.guard().check(0, 0, last);
    }

    private void fill() {
        byte[] bytes = new byte[8];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) choose.below(256);
        }
        bench.guard().write(Values.page(choose) & 0x7fff8 | Layout.PLAYGROUND, bytes, 0, 8);
    }

    private void nmi() {
        machine.partition.injectNmi(choose.below(machine.vps.size()));
        last = "an NMI";
        callers.forEach(Caller::goneAstray);
    }

    /** The guest executes what it finds where it is, with interrupts on. */
    private void runFreely(Caller first) {
        execute(choose.oneIn(2) ? first.vp : machine.vps.get(choose.below(machine.vps.size())));
    }

    private void execute(VirtualProcessor vp) {
        last = "guest code on vp " + vp.index();
        vp.cpu().set(Register.RFLAGS, vp.cpu().get(Register.RFLAGS) | 0x200);
        int before = vp.context().level();
        // Pages that it has written before would not be marked again.
        vp.cpu().flushTlb();
        for (int i = 0; i < 4 && !ended(); i++) {
            vp.cpu().setBudget(RUN_BUDGET);
            vp.turn();
        }
        if (vp.context().level() != before || machine.variant.trustLevels > 0) {
            bench.guard().absorbAll();
        }
        vp.cpu().forgetExit();
        callers.forEach(Caller::goneAstray);
        if (machine.partition.level(0).guestOsId() == 0) {
            vp.context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 1);
        }
        bench.guard().absorbAllButCode();
    }

    /** Everything is switched off: nothing of it stays. */
    private void finish() {
        if (ended()) {
            machine.unbindAll();
            Outcome outcome = machine.outcome();
            machine.bindAll();
            if (outcome instanceof Outcome.HostError error) {
                throw new Violation("the host failed on vp %d after %s".formatted(error.vp(), last), error.cause());
            }
            tally.ended(outcome == null ? "none" : outcome.getClass().getSimpleName());
            bench.guard().absorb();
        } else {
            tally.ended("all steps");
        }
        switchOff();
        bench.overlays().check("switched off");
        for (int i = 0; i < Layout.PLAYGROUND_PAGES * Partition.TRUST_LEVELS; i++) {
            int level = i / Layout.PLAYGROUND_PAGES;
            long page = Layout.PLAYGROUND + (long) (i % Layout.PLAYGROUND_PAGES) * Layout.PAGE;
            boolean covered = machine.memory.view(level).isOverlaid(page);
            Violation.require(!covered, "an overlay stays at %x when all are switched off", page);
        }
        bench.guard().checkAll("at the end");
    }

    private void switchOff() {
        for (int level = 0; level < Partition.TRUST_LEVELS; level++) {
            for (VirtualProcessor vp : machine.vps) {
                VtlContext state = vp.context(level);
                if (state != null) {
                    for (int msr : OVERLAY_MSRS) {
                        state.syntheticMsrs().write(msr, 0);
                    }
                    state.syntheticMsrs().write(HvMsr.GUEST_OS_ID, 0);
                }
            }
        }
    }
}
