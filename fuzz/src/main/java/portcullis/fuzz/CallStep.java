package portcullis.fuzz;

import java.util.function.Consumer;
import portcullis.engine.ExitReason;
import portcullis.engine.PendingEvent;
import portcullis.engine.Register;
import portcullis.hypervisor.VirtualProcessor.Turn;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvStatus;

/** A hypercall by a guest's instruction, continued to its end, and everything that can be said of it. */
final class CallStep {
    private static final int UD = 6;
    private static final int GP = 13;
    /** The OUT of the handler of #DB. */
    private static final long DEBUG_TRAP_TAKEN = Layout.HANDLERS + 8;

    private static final int MOST_TURNS = 64;
    /** Should a processor ever be in code that does not end. */
    private static final int TURN_BUDGET = 500;

    private static final int MOST_CONTINUATIONS = 5000;
    private static final long START_FIELD = 0xfffL << 48;
    private static final long RF = 1 << 16;
    private static final boolean[] DEFINED = new boolean[1 << 16];

    static {
        for (var constant : HvStatus.class.getFields()) {
            try {
                if (constant.getType() == int.class) {
                    DEFINED[constant.getInt(null)] = true;
                }
            } catch (IllegalAccessException e) {
                throw new ExceptionInInitializerError(e);
            }
        }
    }

    private final Machine machine;
    private final Choices choose;
    private final Tally tally;
    private final CallRules rules;
    private final HandlerRules handlers;
    private final Inputs inputs;
    private final Pages pages;
    private MemoryView view;
    private int level;
    private final Call call = new Call();
    private final Snapshot before = new Snapshot();
    private final Changes changes = new Changes();

    // Of the attempt in progress.
    private Caller caller;
    private int predicted;
    private int expected;
    private CallRow row;

    /** @param handlers null where other VPs change what they go by */
    CallStep(Machine machine, Choices choose, Tally tally, Inputs inputs, HandlerRules handlers, Pages pages) {
        this.machine = machine;
        this.choose = choose;
        this.tally = tally;
        this.inputs = inputs;
        this.handlers = handlers;
        this.pages = pages;
        rules = new CallRules(machine.config, machine.memory);
    }

    /** Where parameters in memory are, and who else may write there. */
    interface Pages {
        long input(int bytes);

        long output(int bytes);

        /** Puts input where it will be read from; does nothing where there is no memory. */
        void write(long gpa, byte[] from, int length);

        /** Requires that since the last look nothing was written but this range. */
        void check(long from, long to, Object context);

        /** The guest may have written anywhere. */
        void takeOver();

        /** Whether nobody else changes what was written. */
        boolean quiet();
    }

    Call call() {
        return call;
    }

    /** The last call, whence, and the beginning of its input. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(call)
                .append(", vp ")
                .append(caller.vp.index())
                .append(' ')
                .append(caller.mode())
                .append(", input");
        for (int offset = 0; offset < 80; offset += 8) {
            text.append(" %x".formatted(call.longAt(offset)));
        }
        return text.toString();
    }

    /** @return false where the call was not made: the VP had something else to do */
    boolean run(Caller by) {
        return run(by, inputs::make);
    }

    /** The same, with a call of somebody else's choice. */
    boolean run(Caller by, Consumer<Call> maker) {
        caller = by;
        maker.accept(call);
        row = CallTable.rowOrShape(call.code());
        place();
        setRegisters();
        caller.cpu.set(Register.RIP, choose.oneIn(4) ? Layout.VMMCALL : Layout.VMCALL);
        int continuations = 0;
        while (attempt()) {
            Violation.require(continuations++ < MOST_CONTINUATIONS, "no end of continuations: %s", call);
            if (caller.vp.paused() || call.code() == CallTable.SET_REGISTERS && caller.vp.wanted()) {
                // It may have sent itself an INIT, through another VP's registers.
                caller.goneAstray();
                break;
            }
        }
        return true;
    }

    private void place() {
        if (call.fast()) {
            call.input = call.longAt(0);
            call.output = call.longAt(8);
            return;
        }
        int in = row == null ? 64 : Math.min(row.inputBytes(call.variableQwords(), call.reps()), Layout.PAGE);
        int out = row == null ? 64 : Math.min(row.outputBytes(call.reps()), Layout.PAGE);
        call.input = pages.input(in);
        call.output = choose.oneIn(24) ? call.input + choose.below(64) : pages.output(out);
        pages.write(call.input, call.bytes, in);
    }

    private void setRegisters() {
        var cpu = caller.cpu;
        if (caller.mode().wide) {
            cpu.set(Register.RCX, call.control);
            cpu.set(Register.RDX, call.input);
            cpu.set(Register.R8, call.output);
            boolean switches = call.code() == CallTable.VTL_CALL || call.code() == CallTable.VTL_RETURN;
            // The control input of these two.
            cpu.set(Register.RAX, !switches ? 0xdeadL : choose.oneIn(8) ? Values.any(choose) : choose.below(2));
        } else {
            setPair(Register.RDX, Register.RAX, call.control);
            setPair(Register.RBX, Register.RCX, call.input);
            setPair(Register.RDI, Register.RSI, call.output);
        }
        if (call.fast()) {
            for (int word = 2; word < 14; word++) {
                cpu.setVector(word - 2 >> 1, word & 1, call.longAt(word * 8));
            }
        }
    }

    private void setPair(Register high, Register low, long value) {
        caller.cpu.set(high, value >>> 32);
        caller.cpu.set(low, value & 0xffff_ffffL);
    }

    /** @return whether the call goes on */
    private boolean attempt() {
        var cpu = caller.cpu;
        int index = caller.vp.index();
        level = caller.vp.context().level();
        view = machine.memory.view(level);
        boolean identified = machine.partition.level(level).guestOsId() != 0;
        predicted = rules.predict(call, caller.mode(), level, identified);
        boolean restricted = rules.restricted(call);
        expected = HandlerRules.ANY;
        if (predicted == CallRules.CARRIED_OUT && handlers != null && !restricted) {
            readInput();
            expected = handlers.expect(call);
        }
        before.take(cpu);
        machine.exits[index] = null;
        if (!makeCall(index)) {
            tally.voided++;
            caller.goneAstray();
            return false;
        }
        if (caller.vp.paused()) {
            return false;
        }
        PendingEvent event = cpu.pendingEvent();
        if (caller.vp.context().level() != level || restricted && event != null && event.vector() == GP) {
            levelSwitched(restricted, event);
            return false;
        }
        if (call.code() == CallTable.VTL_CALL || call.code() == CallTable.VTL_RETURN) {
            // There is no level to go to, or the control input is wrong; or it is not offered.
            predicted = predicted == CallRules.CARRIED_OUT ? CallRules.UNDEFINED : predicted;
        }
        if (caller.suspended()) {
            suspended();
            return false;
        }
        if (predicted == CallRules.CARRIED_OUT && HandlerRules.changes(call, index)) {
            ownRegistersSet();
            return false;
        }
        if (predicted == CallRules.UNDEFINED || event != null && !event.external()) {
            undefined(event);
            return false;
        }
        long rip = cpu.get(Register.RIP);
        if (rip == before.get(Register.RIP)) {
            continued();
            return true;
        }
        Violation.require(rip == before.get(Register.RIP) + Layout.HYPERCALL_LENGTH, "RIP went to %x: %s", rip, call);
        completed();
        return false;
    }

    /** Turns until the instruction has been executed. */
    private boolean makeCall(int index) {
        for (int turns = 0; turns < MOST_TURNS; turns++) {
            caller.cpu.setBudget(TURN_BUDGET);
            Turn turn = caller.vp.turn();
            ExitReason exit = machine.exits[index];
            if (exit != ExitReason.HYPERCALL && caller.vp.context().level() != level) {
                // An interrupt for a higher level, or the call itself was refused to this one.
                return false;
            }
            if (exit == ExitReason.HYPERCALL || caller.vp.paused()) {
                return true;
            }
            if (turn != Turn.RAN) {
                return false;
            }
            if (exit == ExitReason.PORT_WRITE && caller.cpu.get(Register.RIP) == DEBUG_TRAP_TAKEN) {
                // From a SetVpRegisters that had the processor step.
                pages.takeOver();
                return false;
            }
            if (exit != null && exit != ExitReason.KICKED && exit != ExitReason.BUDGET) {
                boolean refused = exit == ExitReason.ACCESS_DENIED && machine.config.trustLevels() > 0;
                Violation.require(
                        !pages.quiet() || refused,
                        "instead of the call there was %s at %x: %s",
                        exit,
                        caller.cpu.get(Register.RIP),
                        call);
                return false;
            }
        }
        return false;
    }

    /** A call that is for that, or parameters that a higher level has an eye on: it is told, and nothing has happened. */
    private void levelSwitched(boolean restricted, PendingEvent event) {
        int now = caller.vp.context().level();
        boolean right = switch (call.code()) {
            case CallTable.VTL_CALL -> now > level;
            case CallTable.VTL_RETURN -> now < level;
            default -> restricted && (now > level || event != null);
        };
        Violation.require(right, "level %d after level %d, pending %s: %s", now, level, event, call);
        tally.switched++;
        caller.cpu.cancelPendingEvent();
        caller.goneAstray();
        pages.check(0, 0, call);
    }

    /** What the hypervisor reads is not what was written where an overlay lies over it, and stays from an earlier call. */
    private void readInput() {
        int length = row.inputBytes(call.variableQwords(), call.reps());
        if (!call.fast() && length > 0) {
            view.read(call.input, call.bytes, 0, length);
        }
    }

    private void suspended() {
        tally.suspended++;
        Violation.require(predicted == CallRules.CARRIED_OUT, "suspended by a call that is not carried out: %s", call);
        Violation.require(
                handlers == null || expected == HandlerRules.SUSPENDED || rules.restricted(call),
                "suspended although nobody inhibits: %s",
                call);
        changes.nothing();
        before.requireSame(caller.cpu, changes, call);
        pages.check(0, 0, call);
    }

    private void undefined(PendingEvent event) {
        tally.undefined++;
        Violation.require(predicted == CallRules.UNDEFINED, "%s raised by %s", event, call);
        Violation.require(
                event != null && !event.external() && event.vector() == UD && !event.hasErrorCode(),
                "%s, not #UD: %s, %s",
                event,
                call,
                caller.mode());
        caller.cpu.cancelPendingEvent();
        changes.nothing();
        before.requireSame(caller.cpu, changes, call);
        pages.check(0, 0, call);
    }

    /** Whatever it is in now, the processor is still there. */
    private void ownRegistersSet() {
        // RAX may be what it was set to.
        tally.ownRegisters++;
        caller.goneAstray();
        pages.check(0, 0, call);
    }

    private void continued() {
        tally.continued++;
        boolean simple = row == null || !row.rep();
        Violation.require(!simple || flush() && !pages.quiet(), "a simple call is continued: %s", call);
        var cpu = caller.cpu;
        long control = caller.mode().wide
                ? cpu.get(Register.RCX)
                : cpu.get(Register.RDX) << 32 | cpu.get(Register.RAX) & 0xffff_ffffL;
        Violation.require(((control ^ call.control) & ~START_FIELD) == 0, "control word is %x after %s", control, call);
        int start = call.start();
        call.control = control;
        boolean forth = call.start() > start || flush() && !pages.quiet() && call.start() == start;
        Violation.require(forth && (simple || call.start() < call.reps()), "went on from %d to %s", start, call);
        changes.elements(start, call.start(), true);
        before.requireSame(cpu, changes, call);
        checkOutput(start, call.start());
    }

    /** A flush finds a gate shut and open again, and is issued again, or was suspended, and is not any more. */
    private boolean flush() {
        return switch (call.code()) {
            case CallTable.FLUSH_SPACE, CallTable.FLUSH_LIST, CallTable.FLUSH_SPACE_EX, CallTable.FLUSH_LIST_EX -> true;
            default -> false;
        };
    }

    private void completed() {
        var cpu = caller.cpu;
        long result = caller.mode().wide
                ? cpu.get(Register.RAX)
                : cpu.get(Register.RDX) << 32 | cpu.get(Register.RAX) & 0xffff_ffffL;
        int status = (int) result & 0xffff;
        int reps = (int) (result >>> 32) & 0xfff;
        Violation.require((result & 0xffff_f000_ffff_0000L) == 0, "result %x of %s", result, call);
        Violation.require(DEFINED[status], "status %x is none: %s", status, call);
        tally.completed(call.code(), status);
        boolean uncertain = !pages.quiet() || rules.restricted(call);
        if (uncertain && !call.fast() && status == CallRules.INVALID_INPUT) {
            // Somebody else has put a page over the parameters, or taken one away, or changed a set.
            predicted = status;
        }
        if (predicted >= 0) {
            Violation.require(
                    status == predicted,
                    "status %s, not %s: %s, %s",
                    HvStatus.name(status),
                    HvStatus.name(predicted),
                    call,
                    caller.mode());
            Violation.require(reps == 0 || uncertain, "%d reps of a call that was refused: %s", reps, call);
            reps = call.start();
        } else {
            checkCarriedOut(status, reps);
        }
        boolean outputs = predicted < 0 && (status == 0 || row.rep());
        int to = outputs ? row.rep() ? reps : 1 : call.start();
        changes.elements(call.start(), to, false);
        before.requireSame(cpu, changes, call);
        checkOutput(call.start(), to);
    }

    private void checkCarriedOut(int status, int reps) {
        boolean formal = status == CallRules.INVALID_CODE || status == CallRules.INVALID_ALIGNMENT;
        Violation.require(!formal, "%s for %s", HvStatus.name(status), call);
        if (expected == HandlerRules.SUSPENDED) {
            throw new Violation("not suspended, but %s: %s".formatted(HvStatus.name(status), call));
        }
        if (expected != HandlerRules.ANY) {
            Violation.require(
                    status == expected, "%s, not %s: %s", HvStatus.name(status), HvStatus.name(expected), call);
        }
        if (!row.rep()) {
            Violation.require(reps == 0, "%d reps of a simple call: %s", reps, call);
            return;
        }
        boolean right = status == 0 ? reps == call.reps() : reps >= call.start() && reps < call.reps();
        Violation.require(right, "%d reps and %s: %s", reps, HvStatus.name(status), call);
        boolean asExpected = handlers == null || handlers.elements < 0 || handlers.elements == reps;
        Violation.require(asExpected, "%d reps: %s", reps, call);
    }

    /** Of a simple call, element 0 is the whole output. */
    private void checkOutput(int from, int to) {
        boolean none = call.fast() || row == null || from == to || row.outputBytes(call.reps()) == 0;
        if (none || view.isOverlaid(call.output)) {
            pages.check(0, 0, call);
        } else if (row.rep()) {
            pages.check(call.output + from * row.outputElement(), call.output + to * row.outputElement(), call);
        } else {
            pages.check(call.output, call.output + row.outputBytes(0), call);
        }
    }

    /** TLFS, "Volatile Registers". */
    private final class Changes implements Snapshot.Allowed {
        private boolean any;
        private boolean startOnly;
        /** Bytes of the register block, or from == to. */
        private int from;

        private int to;

        void nothing() {
            any = false;
        }

        void elements(int first, int last, boolean continues) {
            any = true;
            startOnly = continues;
            from = 0;
            to = 0;
            int output = row == null ? 0 : row.outputBytes(call.reps());
            if (call.fast() && output > 0 && first < last) {
                int begin = row.inputBytes(call.variableQwords(), call.reps()) + 15 & -16;
                from = begin + (row.rep() ? first * row.outputElement() : 0);
                to = begin + (row.rep() ? last * row.outputElement() : output);
            }
        }

        private boolean output(int word) {
            return any && to > word * 8 && from < word * 8 + 8;
        }

        @Override
        public long bits(Register register) {
            return switch (register) {
                case RAX -> any && !(startOnly && caller.mode().wide) ? -1 : 0;
                case RDX -> any && !caller.mode().wide || output(0) ? -1 : 0;
                case RCX -> any && startOnly && caller.mode().wide ? START_FIELD : 0;
                case R8 -> output(1) ? -1 : 0;
                case RIP -> any ? -1 : 0;
                case RFLAGS -> RF;
                default -> 0;
            };
        }

        @Override
        public boolean vector(int number, int part) {
            return part < 2 && number < 6 && output(number * 2 + part + 2);
        }
    }
}
