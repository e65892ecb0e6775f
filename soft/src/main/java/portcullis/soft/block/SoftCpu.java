package portcullis.soft.block;

import portcullis.engine.Access;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitDetails;
import portcullis.engine.ExitReason;
import portcullis.engine.PendingEvent;
import portcullis.engine.Register;
import portcullis.engine.RegisterIntercepts;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.Translation;
import portcullis.engine.TranslationRequest;
import portcullis.engine.TranslationRequest.Privilege;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.memory.host.HostMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.protect.EventDelivery;
import portcullis.soft.state.State;
import portcullis.soft.system.ModelSpecific;
import portcullis.soft.system.ResetState;
import portcullis.soft.system.ValidState;
import portcullis.soft.system.XsaveArea;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** A virtual CPU of the software engine: the engine contract over the interpreter. */
public final class SoftCpu extends Interpreter implements VirtualCpu {
    private static final int MSR_PAT = 0x277;
    /** RFLAGS.AC: supervisor data accesses may touch user pages. */
    private static final long ALIGNMENT_FLAG = 1 << 18;

    private final int index;
    private final int apicId;
    /** Of each context. */
    private final long[] apicBase = new long[GuestMemory.LEVELS];

    private SoftCpu(SoftEngine engine, EngineShared shared, int index, int apicId) {
        super(engine, shared);
        this.index = index;
        this.apicId = apicId;
    }

    /** Makes a CPU in its reset state. */
    public static SoftCpu create(SoftEngine engine, EngineShared shared, int index, int apicId) {
        SoftCpu cpu = new SoftCpu(engine, shared, index, apicId);
        cpu.reset(false);
        cpu.join();
        return cpu;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public int apicId() {
        return apicId;
    }

    @Override
    public boolean apicEnabled() {
        return (apicBase[context()] & 1 << 11) != 0;
    }

    @Override
    public ExitDetails exit() {
        return exit;
    }

    @Override
    public void setBudget(long instructions) {
        budgetEnd = instructions == Long.MAX_VALUE ? Long.MAX_VALUE : retired + instructions;
    }

    @Override
    public long retired() {
        return retired;
    }

    @Override
    public int pauses() {
        return pauses;
    }

    @Override
    public void reset(boolean init) {
        if (!init) {
            forgetOtherContexts();
        }
        pending.vector = -1;
        pending.nmis = 0;
        breakpointsHit = 0;
        shadow = 0;
        nmiBlocked = false;
        forgetExit();
        ResetState.apply(this, init);
        pagingChanged();
        flushAll();
        modeChanged();
        writeDr7(0x400);
    }

    @Override
    public void startup(int vector) {
        segment(CS, vector << 8 & 0xffff, (long) vector << 12, 0xffff, segmentAttributes(CS));
        rip(0);
    }

    @Override
    public long get(Register register) {
        return switch (register) {
            case RIP -> rip();
            case RFLAGS -> rflags();
            default -> register.ordinal() < 16 ? r64(register.ordinal()) : field(offset(register));
        };
    }

    @Override
    public void set(Register register, long value) {
        switch (register) {
            case RFLAGS -> rflags(value);
            case DR7 -> writeDr7(value);
            case RIP -> {
                if (value != rip()) {
                    // What the instruction left behind has asked for is not the next one's answer.
                    forgetExit();
                }
                rip(value);
                nothingLedHere();
            }
            default -> {
                if (register.ordinal() < 16) {
                    r64(register.ordinal(), value);
                } else {
                    field(offset(register), value);
                }
            }
        }
        switch (register) {
            case CR0, CR3, CR4, EFER -> {
                pagingChanged();
                if (register == Register.CR3 || register == Register.CR0) {
                    walker.loadPdptes(cr3() & 0xffffffe0L);
                }
                flushAll();
                modeChanged();
            }
            default -> {
                // Nothing follows from the others.
            }
        }
    }

    private static int offset(Register register) {
        return switch (register) {
            case RIP -> State.RIP;
            case CR0 -> State.CR0;
            case CR2 -> State.CR2;
            case CR3 -> State.CR3;
            case CR4 -> State.CR4;
            case CR8 -> State.CR8;
            case XCR0 -> State.XCR0;
            case EFER -> State.EFER;
            case DR0 -> State.DR;
            case DR1 -> State.DR + 8;
            case DR2 -> State.DR + 16;
            case DR3 -> State.DR + 24;
            case DR6 -> State.DR6;
            case DR7 -> State.DR7;
            default -> throw new IllegalArgumentException("no field for " + register);
        };
    }

    @Override
    public void setVector(int register, int part, long value) {
        vector(register, part, value);
    }

    @Override
    public void completeInstruction(int length) {
        long next = rip() + length;
        rip(is64() ? next : next & 0xffff_ffffL);
        shadow = 0;
        long flags = rflags();
        if ((flags & RF) != 0) {
            rflags(flags & ~RF);
        }
        if ((flags & TF) != 0) {
            debugTrapPending(DR6_BS);
        }
    }

    @Override
    public Segment segment(SegmentRegister register) {
        int number = register.ordinal();
        return new Segment(
                selector(number), segmentBase(number), (int) segmentLimit(number), segmentAttributes(number));
    }

    @Override
    public void setSegment(SegmentRegister register, Segment value) {
        segment(register.ordinal(), value.selector(), value.base(), value.limit() & 0xffffffffL, value.attributes());
    }

    @Override
    public int privilegeLevel() {
        return cpl();
    }

    @Override
    public boolean executes64BitCode() {
        return is64();
    }

    @Override
    public DescriptorTable gdt() {
        return new DescriptorTable(gdtBase, gdtLimit);
    }

    @Override
    public void setGdt(DescriptorTable value) {
        gdtBase = value.base();
        gdtLimit = value.limit();
    }

    @Override
    public DescriptorTable idt() {
        return new DescriptorTable(idtBase, idtLimit);
    }

    @Override
    public void setIdt(DescriptorTable value) {
        idtBase = value.base();
        idtLimit = value.limit();
    }

    @Override
    public long msr(int number) {
        return ModelSpecific.kept(this, number);
    }

    @Override
    public void setMsr(int number, long value) {
        ModelSpecific.keep(this, number, value);
    }

    @Override
    public byte[] extendedState() {
        return XsaveArea.save(this);
    }

    @Override
    public void setExtendedState(byte[] image) {
        XsaveArea.restore(this, image);
    }

    @Override
    public void requestInterruptWindow(boolean wanted) {
        pending.window = wanted;
        if (wanted) {
            attentionChanged();
        }
    }

    @Override
    public void injectInterrupt(int vector) {
        pending.inject(vector, EventDelivery.Kind.EXTERNAL, false, 0);
    }

    @Override
    public boolean postNmi() {
        pending.nmis = Math.min(pending.nmis + 1, nmiBlocked ? 1 : 2);
        return !nmiBlocked;
    }

    @Override
    public void injectException(int vector, boolean hasErrorCode, int errorCode) {
        // In place of what the instruction at RIP was about to do, if it awaits an answer.
        forgetExit();
        pending.inject(vector, EventDelivery.Kind.EXCEPTION, hasErrorCode, errorCode);
    }

    @Override
    public PendingEvent pendingEvent() {
        return pending.vector < 0
                ? null
                : new PendingEvent(
                        pending.kind == EventDelivery.Kind.EXTERNAL, pending.vector, pending.hasError, pending.error);
    }

    @Override
    public void cancelPendingEvent() {
        pending.vector = -1;
    }

    @Override
    public boolean interruptShadow() {
        return shadow != 0;
    }

    @Override
    public void setInterruptShadow(boolean on) {
        shadow = on ? SHADOW_STI : 0;
        attentionChanged();
    }

    @Override
    public boolean nmiBlocked() {
        return nmiBlocked;
    }

    @Override
    public void setNmiBlocked(boolean blocked) {
        nmiBlocked = blocked;
    }

    @Override
    public void preventStores(int instructions) {
        msrs.storesPrevented = instructions;
    }

    @Override
    public void interceptRegisters(int context, RegisterIntercepts what) {
        intercepts.ask(context, what);
    }

    @Override
    public boolean accepts(Register register, long value) {
        return ValidState.accepts(this, register, value);
    }

    @Override
    public void setApicBase(long value) {
        apicBase[context()] = value;
    }

    @Override
    public void flushTlb() {
        flushAll();
    }

    @Override
    public void flushTlb(long gva) {
        flushPage(gva, -1, true);
    }

    @Override
    public void flushSpace(int context, long space, boolean globals) {
        flushMadeUnder(context, space, globals);
    }

    @Override
    public void flushRange(int context, long space, long gva, long pages, boolean globals) {
        flushRangeMadeUnder(context, space, gva, pages, globals);
    }

    @Override
    public void switchContext(int context) {
        if (context < 0 || context >= GuestMemory.LEVELS) {
            throw new IllegalArgumentException("no context " + context);
        }
        if (context != context()) {
            changeContext(context);
        }
    }

    @Override
    public Translation translate(long gva, TranslationRequest request) {
        if (isLong() && !canonical(gva)) {
            return new Translation(Translation.Result.INVALID_GVA, gva, false, 0);
        }
        boolean user = switch (request.privilege()) {
            case CURRENT -> cpl() == 3;
            case USER -> true;
            case SUPERVISOR, EXEMPT -> false;
        };
        boolean mayTouchUser = switch (request.smap()) {
            case CURRENT -> (rflags() & ALIGNMENT_FLAG) != 0;
            case ENFORCED -> false;
            case OVERRIDDEN -> true;
        };
        Translation.Result result = walker.translate(gva, request, user, mayTouchUser);
        boolean found = result == Translation.Result.SUCCESS;
        int type = found ? (int) (msr(MSR_PAT) >>> 8 * walker.memoryTypeIndex()) & 7 : 0;
        return new Translation(result, found ? walker.gpa : walker.entryAddress, walker.bitsSet, type);
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        String[] names = {
            "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14",
            "R15"
        };
        for (int i = 0; i < 16; i++) {
            text.append("%s=%016x%s".formatted(names[i], r64(i), i % 4 == 3 ? "\n" : " "));
        }
        text.append("RIP=%016x RFLAGS=%08x CPL=%d\n".formatted(rip(), rflags(), cpl()));
        for (SegmentRegister register : SegmentRegister.values()) {
            Segment s = segment(register);
            text.append("%-4s %04x base=%016x limit=%08x attributes=%05x\n"
                    .formatted(register, s.selector(), s.base(), s.limit(), s.attributes()));
        }
        text.append("GDT base=%016x limit=%04x IDT base=%016x limit=%04x\n"
                .formatted(gdtBase, gdtLimit, idtBase, idtLimit));
        text.append("CR0=%08x CR2=%016x CR3=%016x CR4=%08x EFER=%04x\n"
                .formatted(cr0(), field(State.CR2), cr3(), cr4(), efer()));
        text.append("next: ").append(instructionAtRip()).append(bytesAtRip()).append('\n');
        if (exit.reason == ExitReason.SHUTDOWN) {
            text.append(trail.report());
        }
        return text.toString();
    }

    @Override
    public String recent() {
        return trail.report();
    }

    private String bytesAtRip() {
        StringBuilder text = new StringBuilder(" ;");
        long la = (is64() ? 0 : segmentBase(CS)) + rip();
        for (int i = 0; i < 15; i++) {
            Translation byteAt = translate(la + i, TranslationRequest.look(Access.EXECUTE, Privilege.CURRENT));
            long host = byteAt.result() == Translation.Result.SUCCESS
                    ? memory.hostAddress(view().resolve(byteAt.gpa()))
                    : 0;
            if (host == 0) {
                break;
            }
            text.append(" %02x".formatted(HostMemory.getByte(host)));
        }
        return text.toString();
    }

    /**
     * Everything, cached translations included: what executes after a restore is what would have without one. What the
     * contexts share is there once for each, and the same.
     */
    @Override
    public void save(StateWriter out) {
        int active = context();
        out.putInt(active);
        for (int i = 0; i < GuestMemory.LEVELS; i++) {
            out.putBoolean(modeBasedExecute(i));
            intercepts.save(i, out);
            out.putBoolean(hasContext(i));
            if (hasContext(i)) {
                switchContext(i);
                super.save(out);
                out.putLong(apicBase[i]);
            }
        }
        switchContext(active);
    }

    @Override
    public void restore(StateReader in) {
        forgetOtherContexts();
        int active = in.getInt(0, GuestMemory.LEVELS - 1);
        for (int i = 0; i < GuestMemory.LEVELS; i++) {
            setModeBasedExecute(i, in.getBoolean());
            intercepts.restore(i, in);
            if (in.getBoolean()) {
                switchContext(i);
                super.restore(in);
                apicBase[i] = in.getLong();
            }
        }
        switchContext(active);
    }

    @Override
    public void close() {
        closeCpu();
    }
}
