package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Registers;
import portcullis.soft.state.State;

/** Delivers exceptions and interrupts through the interrupt descriptor table (SDM volume 3, 6.11 to 6.14; volume 2, INT n). */
public final class EventDelivery {
    /** What kind of event: decides privilege checks, the EXT bit and how nested faults escalate. */
    public enum Kind {
        EXCEPTION,
        /** INT n. */
        SOFTWARE,
        /** INT1: a privileged software exception. */
        PRIVILEGED,
        EXTERNAL,
        NMI
    }

    private static final int DR6_BD = 1 << 13;
    private static final long DR7_GD = 1 << 13;
    /** Error codes that name a gate of the IDT. */
    private static final int IDT = 2;

    private static final int TRAP_GATE = 1;

    /**
     * Transfers control to the handler of {@code vector}; a fault on the way leaves all state as it was.
     *
     * @param returnRip instruction pointer to save
     * @param fault the saved RFLAGS have RF set
     */
    public void deliver(
            Cpu cpu, int vector, Kind kind, boolean hasErrorCode, int errorCode, long returnRip, boolean fault) {
        long flags = cpu.rflags();
        if (fault && !instructionBreakpoint(cpu, vector)) {
            flags |= Flags.RF;
        }
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            realMode(cpu, vector, returnRip, flags);
        } else if (cpu.isLong()) {
            longMode(cpu, vector, kind, hasErrorCode, errorCode, returnRip, flags);
        } else {
            protectedMode(cpu, vector, kind, hasErrorCode, errorCode, returnRip, flags);
        }
        if (vector == Fault.DB && (cpu.field(State.DR7) & DR7_GD) != 0) {
            // The handler may use the debug registers (SDM 17.2.4).
            cpu.writeDr7(cpu.field(State.DR7) & ~DR7_GD);
        }
    }

    /** The one fault whose saved RF stays as it was (SDM 17.3.1.1); a general-detect fault is told apart by DR6. */
    private static boolean instructionBreakpoint(Cpu cpu, int vector) {
        return vector == Fault.DB && (cpu.field(State.DR6) & DR6_BD) == 0;
    }

    // ---- real mode ---------------------------------------------------------------------------------------------

    private static void realMode(Cpu cpu, int vector, long returnRip, long flags) {
        if (vector * 4 + 3 > cpu.idtLimit) {
            throw cpu.fault(Fault.GP, vector * 8 | IDT);
        }
        long entry = cpu.readSystem(cpu.idtBase + vector * 4L & 0xffffffffL, 4);
        toRealMode(cpu, entry, returnRip, flags);
        cpu.rflags(cpu.rflags() & ~(Flags.IF | Flags.TF | Flags.AC | Flags.RF));
    }

    /** Pushes a 16-bit frame and jumps to a far pointer of the real-mode vector table. Flags stay. */
    static void toRealMode(Cpu cpu, long entry, long returnRip, long flags) {
        TargetStack stack = TargetStack.current(cpu);
        stack.require(3, 2, 0);
        stack.push(flags, 2);
        stack.push(cpu.selector(Registers.CS), 2);
        stack.push(returnRip, 2);
        cpu.r64(Registers.RSP, stack.pointer());
        SegmentLoad.realMode(cpu, Registers.CS, (int) (entry >>> 16) & 0xffff);
        cpu.rip(entry & 0xffff);
    }

    // ---- protected mode ----------------------------------------------------------------------------------------

    private static void protectedMode(
            Cpu cpu, int vector, Kind kind, boolean hasErrorCode, int errorCode, long returnRip, long flags) {
        int ext = kind == Kind.SOFTWARE ? 0 : 1;
        int gateCode = vector * 8 | IDT | ext;
        if (vector * 8 + 7 > cpu.idtLimit) {
            throw cpu.fault(Fault.GP, gateCode);
        }
        long gate = cpu.readSystem(cpu.idtBase + vector * 8L & 0xffffffffL, 8);
        int type = Descriptors.type(gate);
        if (type != Descriptors.TASK_GATE && (type & 0x16) != 6) {
            throw cpu.fault(Fault.GP, gateCode);
        }
        checkGate(cpu, gate, kind, gateCode);
        int selector = (int) (gate >>> 16) & 0xffff;
        if (type == Descriptors.TASK_GATE) {
            TaskSwitch.interrupt(cpu, selector, ext, hasErrorCode, errorCode, returnRip, flags);
            return;
        }
        int size = (type & 8) != 0 ? 4 : 2;
        long target = gate & 0xffff | (size == 4 ? gate >>> 32 & 0xffff0000L : 0);
        long code = readCode(cpu, selector, ext);
        int dpl = Descriptors.dpl(code);
        boolean fromV86 = cpu.flag(Flags.VM);
        boolean inner = !Descriptors.isConforming(code) && dpl < cpu.cpl();
        if (fromV86 && (!inner || dpl != 0)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, ext);
        }
        int cpl = inner ? dpl : cpu.cpl();
        TargetStack stack = inner ? TargetStack.ofPrivilege(cpu, dpl, ext) : TargetStack.current(cpu);
        int count = 3 + (inner ? 2 : 0) + (fromV86 ? 4 : 0) + (hasErrorCode ? 1 : 0);
        stack.require(count, size, inner ? stack.selector & 0xfffc | ext : ext);
        if (target > Descriptors.limit(code)) {
            throw cpu.fault(Fault.GP, ext);
        }
        if (fromV86) {
            pushDataSegments(cpu, stack, size);
        }
        if (inner) {
            stack.push(cpu.selector(Registers.SS), size);
            stack.push(cpu.r64(Registers.RSP), size);
        }
        pushFrame(cpu, stack, size, flags, returnRip, hasErrorCode, errorCode);
        long marked = Descriptors.markAccessed(cpu, selector, code);
        if (inner) {
            long markedStack = Descriptors.markAccessed(cpu, stack.selector, stack.descriptor);
            enter(cpu, type);
            Descriptors.load(cpu, Registers.SS, stack.selector, markedStack);
        } else {
            enter(cpu, type);
        }
        if (fromV86) {
            for (int segment : V86_DATA) {
                SegmentLoad.unusable(cpu, segment, 0);
            }
        }
        Descriptors.load(cpu, Registers.CS, selector & ~3 | cpl, marked);
        cpu.r64(Registers.RSP, stack.pointer());
        cpu.rip(target);
    }

    private static final int[] V86_DATA = {Registers.GS, Registers.FS, Registers.DS, Registers.ES};

    private static void pushDataSegments(Cpu cpu, TargetStack stack, int size) {
        for (int segment : V86_DATA) {
            stack.push(cpu.selector(segment), size);
        }
    }

    private static void pushFrame(
            Cpu cpu, TargetStack stack, int size, long flags, long returnRip, boolean hasErrorCode, int errorCode) {
        stack.push(flags, size);
        stack.push(cpu.selector(Registers.CS), size);
        stack.push(returnRip, size);
        if (hasErrorCode) {
            stack.push(errorCode & 0xffffffffL, size);
        }
    }

    private static void checkGate(Cpu cpu, long gate, Kind kind, int gateCode) {
        if (kind == Kind.SOFTWARE && Descriptors.dpl(gate) < cpu.cpl()) {
            throw cpu.fault(Fault.GP, gateCode);
        }
        if (!Descriptors.present(gate)) {
            throw cpu.fault(Fault.NP, gateCode);
        }
    }

    /** The code segment of a gate: at the current privilege level or an inner one. */
    static long readCode(Cpu cpu, int selector, int ext) {
        if (Descriptors.isNull(selector)) {
            throw cpu.fault(Fault.GP, ext);
        }
        long code = Descriptors.read(cpu, selector, Fault.GP, ext);
        if (!Descriptors.isCode(code) || Descriptors.dpl(code) > cpu.cpl()) {
            throw Descriptors.fault(cpu, Fault.GP, selector, ext);
        }
        if (!Descriptors.present(code)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, ext);
        }
        return code;
    }

    /** Flags of a handler: an interrupt gate masks interrupts, a trap gate does not. */
    private static void enter(Cpu cpu, int gateType) {
        long cleared = Flags.TF | Flags.NT | Flags.RF | Flags.VM | ((gateType & TRAP_GATE) == 0 ? Flags.IF : 0);
        cpu.rflags(cpu.rflags() & ~cleared);
    }

    // ---- long mode ---------------------------------------------------------------------------------------------

    private static void longMode(
            Cpu cpu, int vector, Kind kind, boolean hasErrorCode, int errorCode, long returnRip, long flags) {
        int ext = kind == Kind.SOFTWARE ? 0 : 1;
        int gateCode = vector * 8 | IDT | ext;
        if (vector * 16 + 15 > cpu.idtLimit) {
            throw cpu.fault(Fault.GP, gateCode);
        }
        long gate = cpu.readSystem(cpu.idtBase + vector * 16L, 8);
        long high = cpu.readSystem(cpu.idtBase + vector * 16L + 8, 8);
        int type = Descriptors.type(gate);
        if ((type & ~TRAP_GATE) != 0xe) {
            throw cpu.fault(Fault.GP, gateCode);
        }
        checkGate(cpu, gate, kind, gateCode);
        int selector = (int) (gate >>> 16) & 0xffff;
        long target = gate & 0xffff | gate >>> 32 & 0xffff0000L | high << 32;
        long code = readCode(cpu, selector, ext);
        if (!Descriptors.isLongCode(code) || Descriptors.isBig(code)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, ext);
        }
        boolean inner = !Descriptors.isConforming(code) && Descriptors.dpl(code) < cpu.cpl();
        int cpl = inner ? Descriptors.dpl(code) : cpu.cpl();
        int ist = (int) (gate >>> 32) & 7;
        long pointer = ist != 0
                ? TargetStack.rspOfInterrupt(cpu, ist, ext)
                : inner ? TargetStack.rspOfPrivilege(cpu, cpl, ext) : cpu.r64(Registers.RSP);
        TargetStack stack = TargetStack.flat(cpu, pointer & ~15L, cpl);
        stack.require(hasErrorCode ? 6 : 5, 8, ext);
        if (!cpu.canonical(target)) {
            throw cpu.fault(Fault.GP, ext);
        }
        stack.push(cpu.selector(Registers.SS), 8);
        stack.push(cpu.r64(Registers.RSP), 8);
        pushFrame(cpu, stack, 8, flags, returnRip, hasErrorCode, errorCode);
        long marked = Descriptors.markAccessed(cpu, selector, code);
        enter(cpu, type);
        if (inner) {
            SegmentLoad.unusable(cpu, Registers.SS, cpl);
        }
        Descriptors.load(cpu, Registers.CS, selector & ~3 | cpl, marked);
        cpu.r64(Registers.RSP, stack.pointer());
        cpu.rip(target);
    }

    /** The attributes of a null SS: unusable, with the privilege level that it carries. */
    static int nullStackAttributes(int cpl) {
        return Segment.UNUSABLE | cpl << 5;
    }
}
