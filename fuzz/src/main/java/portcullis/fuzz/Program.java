package portcullis.fuzz;

import java.util.ArrayList;
import java.util.List;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.synic.EventPort;
import portcullis.hypervisor.synic.MessagePort;
import portcullis.tlfs.HvMsr;

/**
 * One guest's life, from reset to reset, on one thread: random steps by random VPs. The same choices make the same program.
 */
final class Program {
    private static final int RUN_BUDGET = 60;
    private static final int[] OVERLAY_MSRS = {HvMsr.VP_ASSIST_PAGE, HvMsr.SIMP, HvMsr.SIEFP, HvMsr.REFERENCE_TSC};

    private final Bench bench;
    private final Machine machine;
    private final Choices choose;
    private final Tally tally;
    private final List<Caller> callers = new ArrayList<>();
    private final boolean[] inhibited;
    private final CallStep calls;
    private final MsrStep msrs;
    /** Where each step began in the list of choices: the shrinker leaves out whole ones. */
    private final List<Integer> stepStarts = new ArrayList<>();

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
        inhibited = new boolean[machine.vps.size()];
        Inputs inputs = new Inputs(choose, machine.vps.size(), 0);
        HandlerRules handlers = new HandlerRules(machine.config, machine.vps.size(), inhibited);
        calls = new CallStep(machine, choose, tally, inputs, handlers, bench.pages(choose));
        msrs = new MsrStep(machine, choose, tally, false);
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
            for (int i = 0; i < steps && !choose.exhausted() && !ended(); i++) {
                stepStarts.add(choose.count());
                step();
                if (history != null) {
                    history.add(last.toString());
                }
            }
        } catch (Violation violation) {
            throw violation;
        } catch (RuntimeException | Error failure) {
            throw new Violation("the host failed after " + last, failure);
        }
        finish();
    }

    private boolean ended() {
        return callers.getFirst().vp.paused();
    }

    private void step() {
        int kind = choose.below(100);
        Caller caller = callers.get(choose.below(callers.size()));
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
        if (kind < 70) {
            last = calls;
            calls.run(caller);
            afterCall();
        } else if (kind < 86) {
            accessMsr(caller);
        } else {
            other(kind, caller);
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
        if (inhibited[vp]) {
            machine.vps.get(vp).liftFlushInhibit(0);
        } else {
            machine.vps.get(vp).inhibitFlushes(0);
        }
        inhibited[vp] ^= true;
    }

    /** A suspended VP executes nothing. */
    private void stayingSuspended(Caller caller) {
        last = "a turn while suspended";
        long rip = caller.cpu.get(Register.RIP);
        long retired = caller.cpu.retired();
        int on = caller.vp.context().flushPass().waitingOn();
        Violation.require(inhibited[on], "vp %d waits on vp %d, which inhibits nothing", caller.vp.index(), on);
        caller.vp.turn();
        if (caller.suspended()) {
            boolean still = caller.cpu.get(Register.RIP) == rip && caller.cpu.retired() == retired;
            Violation.require(still, "vp %d executes while suspended", caller.vp.index());
        } else {
            // INIT: it may have executed something since.
            caller.goneAstray();
            bench.guard().absorb();
        }
        if (choose.oneIn(2)) {
            inhibited[on] = false;
            machine.vps.get(on).liftFlushInhibit(0);
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
        boolean covered = machine.memory.view(0).isOverlaid(page);
        boolean store = choose.oneIn(2);
        caller.cpu.set(Register.RDI, page);
        caller.cpu.set(Register.RIP, store ? Layout.STORE : Layout.LOAD);
        last = "a %s of %x".formatted(store ? "store" : "load", page);
        int index = caller.vp.index();
        machine.exits[index] = null;
        for (int i = 0; i < 8 && !ended() && machine.exits[index] != ExitReason.PORT_WRITE; i++) {
            caller.vp.turn();
            if (machine.exits[index] == ExitReason.MMIO_WRITE) {
                Violation.require(caller.cpu.exit().fault && covered, "no #GP: %s", last);
                caller.cpu.forgetExit();
                break;
            }
        }
        caller.setMode(mode);
        caller.goneAstray();
        bench.guard().check(page, store && !covered ? page + 1 : page, last);
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
        vp.cpu().setBudget(RUN_BUDGET);
        // Pages that it has written before would not be marked again.
        vp.cpu().flushTlb();
        for (int i = 0; i < 4 && !ended(); i++) {
            vp.turn();
        }
        vp.cpu().setBudget(Long.MAX_VALUE);
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
        ExitDetails answer = new ExitDetails();
        for (int msr : OVERLAY_MSRS) {
            answer.msr = msr;
            machine.vps.getFirst().context().syntheticMsrs().read(answer);
        }
        bench.overlays().check("switched off");
        for (int i = 0; i < Layout.PLAYGROUND_PAGES; i++) {
            long page = Layout.PLAYGROUND + (long) i * Layout.PAGE;
            boolean covered = machine.memory.view(0).isOverlaid(page);
            Violation.require(!covered, "an overlay stays at %x when all are switched off", page);
        }
        bench.guard().checkAll("at the end");
    }

    private void switchOff() {
        for (VirtualProcessor vp : machine.vps) {
            for (int msr : OVERLAY_MSRS) {
                vp.context().syntheticMsrs().write(msr, 0);
            }
        }
        machine.vps.getFirst().context().syntheticMsrs().write(HvMsr.GUEST_OS_ID, 0);
    }
}
