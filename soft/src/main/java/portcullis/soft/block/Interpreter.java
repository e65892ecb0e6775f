package portcullis.soft.block;

import portcullis.engine.ExitReason;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.cpu.ExitSignal;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.PrivateRegisters;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Instruction;
import portcullis.soft.state.State;
import portcullis.soft.system.ResetState;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The interpreter's loop: finds blocks, runs them, delivers events, leaves on exits. */
public abstract class Interpreter extends CodeLookup {
    /** A power of two. */
    private static final int PAUSES_TO_YIELD = 16;

    private final SoftEngine engine;

    private Block current;
    /** Which of its operations a {@link Sequence} is at. */
    int position;

    private boolean alone;
    protected long retired;
    protected long budgetEnd = Long.MAX_VALUE;

    private int context;
    /** Of the contexts that do not execute; null for those that never have. */
    private final PrivateRegisters[] privateRegisters = new PrivateRegisters[GuestMemory.LEVELS];

    private final PendingEvents[] pendingEvents = new PendingEvents[GuestMemory.LEVELS];
    private ExitReason unanswered;
    private Runnable spinning = Thread::yield;

    protected Interpreter(SoftEngine engine, EngineShared shared) {
        super(engine, shared);
        this.engine = engine;
    }

    @Override
    public final long random() {
        return engine.random();
    }

    /**
     * A guest that spins for long waits for another processor, whose thread may be waiting for this one's host core. Under a
     * budget one thread runs all processors in turn, and there is nobody to wait for.
     */
    @Override
    public final void spins() {
        if (budgetEnd != Long.MAX_VALUE) {
            return;
        }
        if ((pauses & PAUSES_TO_YIELD - 1) == 0) {
            spinning.run();
        } else {
            Thread.onSpinWait();
        }
    }

    public final void onSpin(Runnable action) {
        spinning = action;
    }

    @Override
    final void leaveBlock() {
        current = null;
    }

    @Override
    protected final void beforeCodeWrite(long gpa, int size) {
        Block running = current;
        if (!alone && running != null && running.covers(gpa, size)) {
            throw aloneSignal;
        }
    }

    // ---- contexts ----------------------------------------------------------------------------------------------

    public final int context() {
        return context;
    }

    /** Executes by another context's state from now on; one that never did begins in its RESET state. */
    final void changeContext(int number) {
        // An exit's answer belongs to the context that asked, whatever exits come meanwhile.
        answerLastExit();
        alone = false;
        lastLength = 0;
        boolean first = privateRegisters[number] == null;
        if (first) {
            privateRegisters[number] = new PrivateRegisters();
            pendingEvents[number] = new PendingEvents();
        }
        if (privateRegisters[context] == null) {
            privateRegisters[context] = new PrivateRegisters();
        }
        exchange(privateRegisters[context], privateRegisters[number]);
        pendingEvents[context] = pending;
        pending = pendingEvents[number];
        context = number;
        intercepts.enter(number);
        changeTranslations(number);
        if (first) {
            ResetState.applyToContext(this);
        }
        pagingChanged();
        modeChanged();
        attentionChanged();
        if (first) {
            writeDr7(0x400);
        }
    }

    /** Whether a context has ever executed. */
    final boolean hasContext(int number) {
        return number == context || privateRegisters[number] != null;
    }

    /** Only context 0 is left. */
    final void forgetOtherContexts() {
        if (context != 0) {
            changeContext(0);
        }
        for (int i = 0; i < privateRegisters.length; i++) {
            privateRegisters[i] = null;
            pendingEvents[i] = null;
        }
        forgetContextsBut(0);
        intercepts.forget();
    }

    // ---- the loop ----------------------------------------------------------------------------------------------

    public final ExitReason run() {
        answerLastExit();
        enterGuest();
        try {
            stand();
            while (true) {
                ExitReason reason = runSome();
                if (reason != null) {
                    exit.reason = reason;
                    if (replaySignalled) {
                        unanswered = reason;
                    }
                    return reason;
                }
            }
        } finally {
            current = null;
            leaveGuest();
        }
    }

    private boolean replaySignalled;

    @Override
    public final void forgetExit() {
        unanswered = null;
        alone = false;
        commitReplay();
    }

    private void answerLastExit() {
        if (unanswered != null) {
            answer(exit.value);
            unanswered = null;
        }
        replaySignalled = false;
    }

    private ExitReason runSome() {
        try {
            return runUntilFault();
        } catch (ExitSignal s) {
            return signalled(s);
        }
    }

    private ExitReason runUntilFault() {
        try {
            int poll = HostMemory.getIntVolatile(state + State.POLL);
            if (poll != 0 || careful()) {
                ExitReason reason = attend();
                return reason != null ? reason : careful() ? step() : null;
            }
            return runBlocks(firstLookup());
        } catch (Fault f) {
            lastLength = 0;
            if (!deliverFault(f)) {
                return ExitReason.SHUTDOWN;
            }
            // Counts like an instruction: a handler whose first one faults would never use its budget up.
            retired++;
            return retired >= budgetEnd ? ExitReason.BUDGET : null;
        }
    }

    private ExitReason signalled(ExitSignal signal) {
        replaySignalled = signal == replaySignal;
        if (signal == doneSignal || signal == deniedSignal) {
            commitReplay();
        }
        if (signal == stopSignal) {
            stoppedAt = rip();
            stoppedAfter = retired;
        }
        return exit.reason;
    }

    /** Where this CPU stopped for the host last, and how many instructions it had executed: there it goes on. */
    private long stoppedAt;

    private long stoppedAfter = -1;

    @Override
    public final void stopForHost(long rip) {
        // In a block the count is that of its beginning, so that it cannot be the same at a second visit.
        if (!replaying() && (rip != stoppedAt || retired != stoppedAfter)) {
            exit.reason = ExitReason.BREAKPOINT;
            throw stopSignal;
        }
    }

    /** Length of the instruction that was executed before the next, 0 where there is none that led there. */
    private int lastLength;

    /** RIP was set from outside. */
    final void nothingLedHere() {
        lastLength = 0;
    }

    private Block firstLookup() {
        try {
            return lookup();
        } catch (ExitSignal s) {
            exit.instructionLength = lastLength;
            throw s;
        }
    }

    private static int lastLength(Block block) {
        return block.plain[block.instructions - 1].in.length;
    }

    /** Whether instructions must be executed one at a time with all checks between them. */
    private boolean careful() {
        return replaying()
                || shadow != 0
                || pending.vector >= 0
                || pending.nmis > 0
                || breakpointsHit != 0
                || (systemFlags() & (TF | RF)) != 0
                || virtualInterrupt()
                || (field(State.DR7) & 0xff) != 0
                || alone;
    }

    /**
     * Whether code that has a virtual interrupt flag has it set with a virtual interrupt pending: IRET, POPF and task switches can
     * leave it so, and the next instruction raises #GP (SDM 20.3.2, 20.4).
     */
    private boolean virtualInterrupt() {
        return (systemFlags() & (VIF | VIP)) == (VIF | VIP)
                && cpl() == 3
                && (cr4() & (flag(VM) ? CR4_VME : CR4_PVI)) != 0;
    }

    /** Answers requests. @return an exit, or null */
    private ExitReason attend() {
        int poll = HostMemory.getIntVolatile(state + State.POLL);
        if ((poll & SYNC) != 0) {
            sync();
        }
        if (replaying()) {
            // An interrupt window that was asked for meanwhile is looked at when the instruction is complete.
            return null;
        }
        if ((poll & KICK) != 0) {
            // ATTENTION stays: the next run has still to look whether the interrupt window is open.
            HostMemory.getAndBitwiseAndInt(state + State.POLL, ~KICK);
            return ExitReason.KICKED;
        }
        if ((poll & ATTENTION) != 0) {
            HostMemory.getAndBitwiseAndInt(state + State.POLL, ~ATTENTION);
        }
        if (pending.window && interruptible()) {
            return ExitReason.INTERRUPT_WINDOW;
        }
        return null;
    }

    public final boolean interruptible() {
        // An instruction that has made an exit is not to be interrupted before it has its answer.
        return flag(IF)
                && shadow == 0
                && pending.vector < 0
                && unanswered == null
                && !replaying()
                && breakpointsHit == 0;
    }

    private ExitReason runBlocks(Block first) {
        Block previous = null;
        Block block = first;
        Form form = block.form;
        Op[] ops = form.ops;
        int i = 0;
        try {
            while (true) {
                current = block;
                for (i = 0; i < ops.length; i++) {
                    ops[i].execute(this);
                }
                retired += block.instructions;
                int poll = HostMemory.getIntVolatile(state + State.POLL);
                if (poll != 0) {
                    trail.left(previous, block, block.instructions);
                    lastLength = lastLength(block);
                    return stopped(poll) ? exit.reason : null;
                }
                if (retired >= budgetEnd) {
                    trail.left(previous, block, block.instructions);
                    lastLength = lastLength(block);
                    return ExitReason.BUDGET;
                }
                Block next = successor(block);
                previous = block;
                block = next;
                form = block.counted();
                ops = form.ops;
                i = 0;
            }
        } catch (Fault f) {
            trail.left(previous, block, form.at(i, position) + 1);
            long newTask = rip();
            interrupted(form, i);
            if (f.taskSwitched) {
                rip(newTask);
            }
            applyStackRule(form, i, f);
            throw f;
        } catch (ExitSignal s) {
            trail.left(previous, block, form.at(i, position) + 1);
            if (s == doneSignal) {
                retired += form.at(i, position) + 1;
            } else {
                interrupted(form, i);
                if (s == deniedSignal) {
                    Instruction in = instruction(form, i);
                    exit.instructionLength = in != null ? in.length : lastLength(block);
                }
                alone = s == aloneSignal;
                if (alone) {
                    return null;
                }
            }
            throw s;
        }
    }

    /** The instruction under way in {@code form.ops[i]}, or null where there is none: the lookup behind the last one. */
    private Instruction instruction(Form form, int i) {
        return i < form.ops.length ? form.op(i, position).in : null;
    }

    /** An instruction of a block did not complete (or the lookup of what comes next did not). */
    private void interrupted(Form form, int i) {
        Instruction in = instruction(form, i);
        if (in != null) {
            rip(in.rip);
            retired += form.at(i, position);
        }
    }

    private void applyStackRule(Form form, int i, Fault f) {
        Instruction in = instruction(form, i);
        if (f.vector == Fault.GP && in != null) {
            stackRule(in, f);
        }
    }

    /** A non-canonical address of a stack access is #SS(0) (SDM 6.15, "Interrupt 12"). */
    private static void stackRule(Instruction in, Fault f) {
        if (f.isNonCanonical()
                && in.encoding != null
                && (in.encoding.has(Encoding.STACK) || in.memory && in.segment == SS)) {
            f.vector = Fault.SS;
        }
    }

    private Block successor(Block block) {
        long rip = rip();
        if (block.linkable) {
            Block candidate = block.taken;
            if (candidate != null && candidate.rip == rip && candidate.valid) {
                return candidate;
            }
            candidate = block.next;
            if (candidate != null && candidate.rip == rip && candidate.valid) {
                return candidate;
            }
            Block found = lookup();
            if (((found.gpa ^ block.gpa) & ~0xfffL) == 0
                    && ((found.rip ^ block.rip) & ~0xfffL) == 0
                    && found.mode == block.mode
                    && found.codeBase == block.codeBase
                    && (found.codeBase & 0xfff) == 0
                    && found.secondPage < 0) {
                if (block.taken == null || !block.taken.valid) {
                    block.taken = found;
                } else {
                    block.next = found;
                }
            }
            return found;
        }
        return lookup();
    }

    // ---- one instruction at a time -------------------------------------------------------------------------------

    private ExitReason step() {
        if (pending.vector >= 0) {
            return deliverPending() ? null : ExitReason.SHUTDOWN;
        }
        boolean resume = (systemFlags() & RF) != 0;
        if (breakpointsHit != 0 && (shadow & SHADOW_SS) == 0 && !replaying()) {
            int hit = breakpointsHit;
            breakpointsHit = 0;
            throw debug(hit, true);
        }
        if (pending.nmis > 0 && !nmiBlocked && shadow == 0 && !replaying()) {
            return deliverNmi() ? null : ExitReason.SHUTDOWN;
        }
        if (virtualInterrupt() && !replaying()) {
            throw fault(Fault.GP, 0);
        }
        if ((field(State.DR7) & 0xff) != 0 && !resume && !replaying() && (shadow & SHADOW_SS) == 0) {
            int hit = instructionBreakpoints(wrap((is64() ? 0 : segmentBase(CS)) + rip()));
            if (hit != 0) {
                throw debug(hit, false);
            }
        }
        rewindReplay();
        Block block = firstLookup();
        Op op = block.plain[0];
        current = block;
        trail.left(null, block, 1);
        boolean trap = flag(TF);
        int shadowBefore = shadow;
        int hitBefore = breakpointsHit;
        shadow = 0;
        long ripBefore = rip();
        try {
            op.execute(this);
        } catch (Fault f) {
            if (!f.taskSwitched) {
                rip(ripBefore);
            }
            breakpointsHit = hitBefore;
            stackRule(op.in, f);
            commitReplay();
            alone = false;
            throw f;
        } catch (ExitSignal s) {
            if (s == doneSignal) {
                retired++;
                completed(op, resume, trap, shadowBefore);
            } else {
                rip(ripBefore);
                shadow = shadowBefore;
                breakpointsHit = hitBefore;
                if (s == aloneSignal) {
                    alone = true;
                    return null;
                }
                if (s == deniedSignal) {
                    exit.instructionLength = op.in.length;
                }
            }
            throw s;
        }
        if (!op.in.encoding.has(Encoding.TRANSFER)) {
            rip(op.in.nextRip());
        }
        retired++;
        completed(op, resume, trap, shadowBefore);
        if (stopped(HostMemory.getIntVolatile(state + State.POLL))) {
            return exit.reason;
        }
        return retired >= budgetEnd ? ExitReason.BUDGET : null;
    }

    private void completed(Op op, boolean resume, boolean trap, int shadowBefore) {
        commitReplay();
        alone = false;
        lastLength = op.in.length;
        String mnemonic = op.in.encoding == null ? "" : op.in.encoding.mnemonic;
        if (shadowBefore != 0) {
            attentionChanged();
        }
        boolean unfinished = rip() == op.in.rip && op.in.has(Instruction.REP | Instruction.REPNE);
        if (resume && !unfinished && !mnemonic.startsWith("IRET")) {
            rflags(rflags() & ~RF);
        }
        // Software interrupts clear TF on their way; INTO that does nothing is an instruction like others.
        boolean interrupted = mnemonic.startsWith("INT") && rip() != op.in.nextRip();
        if (trap && (shadow & SHADOW_SS) == 0 && !interrupted && !mnemonic.startsWith("SYS")) {
            breakpointsHit |= (int) DR6_BS;
        }
    }

    /** Single-step bit of DR6. */
    static final long DR6_BS = 1 << 14;

    /** The instruction at RIP as text, for reports; never faults, and leaves no trace in CR2 and the last exit. */
    protected final String instructionAtRip() {
        long cr2 = field(State.CR2);
        reporting = true;
        try {
            return lookup().plain[0].in.toString();
        } catch (Fault f) {
            return "(not readable: exception %d)".formatted(f.vector);
        } catch (ExitSignal s) {
            return "(not to be fetched: access denied)";
        } finally {
            reporting = false;
            field(State.CR2, cr2);
        }
    }

    // ---- saved state -----------------------------------------------------------------------------------------------

    @Override
    public void save(StateWriter out) {
        super.save(out);
        pending.save(out);
        out.putBoolean(unanswered != null);
        if (unanswered != null) {
            out.putEnum(unanswered);
        }
        out.putBoolean(alone);
        out.putLong(retired);
        out.putBoolean((HostMemory.getIntVolatile(state + State.POLL) & ATTENTION) != 0);
    }

    @Override
    public void restore(StateReader in) {
        super.restore(in);
        pending.restore(in);
        unanswered = in.getBoolean() ? in.getEnum(ExitReason.class) : null;
        alone = in.getBoolean();
        retired = in.getLong();
        budgetEnd = Long.MAX_VALUE;
        HostMemory.putIntVolatile(state + State.POLL, in.getBoolean() ? ATTENTION : 0);
    }
}
