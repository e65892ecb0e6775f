package portcullis.soft.protect;

import portcullis.engine.InterceptedRegister;
import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Registers;
import portcullis.soft.mmu.PageWalker;

/**
 * Hardware task switches (SDM volume 3, 7.3).
 *
 * <p>Everything that can fault in the old task's name comes first: reading the new TSS, writing the old one, busy bits. Then
 * the registers change at once. What fails behind that point (segments of the new task) is the new task's fault.
 */
final class TaskSwitch {
    private enum Cause {
        JUMP,
        /** CALL or an event: the old task stays busy and is linked to. */
        NESTING,
        RETURN
    }

    private static final int MIN_LIMIT16 = 0x2b;
    private static final int MIN_LIMIT32 = 0x67;
    private static final int BUSY = 2;
    private static final int DEBUG_TRAP = 1 << 15;
    /** DR7: local breakpoints and LE, which are a task's own. */
    private static final long DR7_LOCAL = 0x155;

    /** Order of segment selectors in a TSS. */
    private static final int[] SEGMENTS = {
        Registers.ES, Registers.CS, Registers.SS, Registers.DS, Registers.FS, Registers.GS
    };

    private TaskSwitch() {}

    // ---- what leads to one -------------------------------------------------------------------------------------

    /** Through a task gate of the IDT. */
    static void interrupt(
            Cpu cpu, int selector, int ext, boolean hasErrorCode, int errorCode, long returnRip, long flags) {
        long raw = available(cpu, selector, ext);
        perform(cpu, selector, raw, Cause.NESTING, returnRip, flags, ext);
        if (hasErrorCode) {
            pushErrorCode(cpu, errorCode, ext);
        }
    }

    /** Far JMP or CALL to a task gate. */
    static void throughGate(Cpu cpu, int gateSelector, long gate, boolean call, long nextRip) {
        checkPrivilege(cpu, gateSelector, gate);
        if (!Descriptors.present(gate)) {
            throw Descriptors.fault(cpu, Fault.NP, gateSelector, 0);
        }
        int selector = (int) (gate >>> 16) & 0xffff;
        long raw = available(cpu, selector, 0);
        perform(cpu, selector, raw, call ? Cause.NESTING : Cause.JUMP, nextRip, cpu.rflags(), 0);
    }

    /** Far JMP or CALL to a TSS. */
    static void direct(Cpu cpu, int selector, long raw, boolean call, long nextRip) {
        checkPrivilege(cpu, selector, raw);
        available(cpu, selector, 0);
        perform(cpu, selector, raw, call ? Cause.NESTING : Cause.JUMP, nextRip, cpu.rflags(), 0);
    }

    /** IRET with NT set. */
    static void back(Cpu cpu, long nextRip) {
        int selector = (int) cpu.readSystem(cpu.segmentBase(Registers.TR) & 0xffffffffL, 2);
        if ((selector & 4) != 0) {
            throw Descriptors.fault(cpu, Fault.TS, selector, 0);
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, 0);
        int type = Descriptors.type(raw);
        if (type != Descriptors.TSS16_BUSY && type != Descriptors.TSS32_BUSY) {
            throw Descriptors.fault(cpu, Fault.TS, selector, 0);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, 0);
        }
        perform(cpu, selector, raw, Cause.RETURN, nextRip, cpu.rflags() & ~Flags.NT, 0);
    }

    private static void checkPrivilege(Cpu cpu, int selector, long raw) {
        if (Descriptors.dpl(raw) < Math.max(cpu.cpl(), selector & 3)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
    }

    /** The descriptor of a task that is present and not busy, in the GDT. */
    private static long available(Cpu cpu, int selector, int ext) {
        if ((selector & 4) != 0 || Descriptors.isNull(selector)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, ext);
        }
        long raw = Descriptors.read(cpu, selector, Fault.GP, ext);
        int type = Descriptors.type(raw);
        if (type != Descriptors.TSS16 && type != Descriptors.TSS32) {
            throw Descriptors.fault(cpu, Fault.GP, selector, ext);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, ext);
        }
        return raw;
    }

    // ---- the switch --------------------------------------------------------------------------------------------

    private static void perform(Cpu cpu, int selector, long raw, Cause cause, long returnRip, long flags, int ext) {
        boolean wide = (Descriptors.type(raw) & 8) != 0;
        if (Descriptors.limit(raw) < (wide ? MIN_LIMIT32 : MIN_LIMIT16)) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        TaskState next = TaskState.read(cpu, Descriptors.base(raw), wide);
        cpu.intercepts.write(cpu, InterceptedRegister.TR, selector);
        cpu.intercepts.write(cpu, InterceptedRegister.LDTR, next.localTable);
        int old = cpu.selector(Registers.TR);
        saveCurrent(cpu, returnRip, flags);
        if (cause == Cause.NESTING) {
            cpu.writeSystem(Descriptors.base(raw), 2, old);
            next.flags |= Flags.NT;
        } else {
            clearBusy(cpu, old);
        }
        if (cause != Cause.RETURN) {
            Descriptors.writeType(cpu, selector, raw, Descriptors.type(raw) | BUSY);
        }
        cpu.segment(
                Registers.TR,
                selector,
                Descriptors.base(raw),
                Descriptors.limit(raw),
                Descriptors.attributes(raw) | BUSY);
        // Nothing behind this point can be executed again.
        cpu.openBus = true;
        cpu.committed = true;
        try {
            enter(cpu, next, ext);
        } catch (Fault f) {
            f.taskSwitched = true;
            throw f;
        } finally {
            cpu.openBus = false;
            cpu.committed = false;
        }
    }

    private static void clearBusy(Cpu cpu, int selector) {
        long address = Descriptors.address(cpu, selector & ~4, 8);
        if (address != -1) {
            long access = cpu.readSystem(address + 5, 1);
            cpu.writeSystem(address + 5, 1, access & ~BUSY);
        }
    }

    private static void saveCurrent(Cpu cpu, long returnRip, long flags) {
        long tss = cpu.segmentBase(Registers.TR);
        boolean wide = (cpu.segmentAttributes(Registers.TR) & 8) != 0;
        int size = wide ? 4 : 2;
        long at = tss + (wide ? TaskState.EIP32 : TaskState.IP16);
        at = store(cpu, at, size, returnRip);
        at = store(cpu, at, size, flags);
        for (int i = 0; i < 8; i++) {
            at = store(cpu, at, size, cpu.r64(i));
        }
        for (int i = 0; i < (wide ? 6 : 4); i++) {
            store(cpu, at, 2, cpu.selector(SEGMENTS[i]));
            at += size;
        }
    }

    private static long store(Cpu cpu, long at, int size, long value) {
        cpu.writeSystem(at & 0xffffffffL, size, value);
        return at + size;
    }

    /** Makes the new task the current one, then loads its segments. */
    private static void enter(Cpu cpu, TaskState next, int ext) {
        boolean v86 = (next.flags & Flags.VM) != 0;
        int code = next.segments[1];
        int cpl = v86 ? 3 : code & 3;
        cpu.writeDr7(cpu.field(portcullis.soft.state.State.DR7) & ~DR7_LOCAL);
        for (int i = 0; i < 8; i++) {
            cpu.r64(i, next.general[i]);
        }
        cpu.rip(next.instruction);
        cpu.rflags(next.flags);
        for (int i = 0; i < SEGMENTS.length; i++) {
            int attributes = Segment.UNUSABLE | (SEGMENTS[i] == Registers.SS ? cpl << 5 : 0);
            cpu.segment(SEGMENTS[i], next.segments[i], 0, 0, attributes);
        }
        cpu.segment(Registers.LDTR, next.localTable, 0, 0, Segment.UNUSABLE);
        cpu.writeCr0(cpu.cr0() | Cpu.CR0_TS);
        if (next.wide && (cpu.cr0() & PageWalker.CR0_PG) != 0) {
            cpu.writeCr3(next.cr3);
        }
        if (next.debugTrap) {
            cpu.debugTrapPending(DEBUG_TRAP);
        }
        loadLocalTable(cpu, next.localTable, ext);
        if (v86) {
            for (int i = 0; i < SEGMENTS.length; i++) {
                SegmentLoad.realMode(cpu, SEGMENTS[i], next.segments[i]);
            }
        } else {
            loadCode(cpu, code, ext);
            loadStack(cpu, next.segments[2], cpl, ext);
            for (int i = 0; i < SEGMENTS.length; i++) {
                if (SEGMENTS[i] != Registers.CS && SEGMENTS[i] != Registers.SS) {
                    loadData(cpu, SEGMENTS[i], next.segments[i], cpl, ext);
                }
            }
        }
        if (next.instruction > cpu.segmentLimit(Registers.CS)) {
            throw cpu.fault(Fault.GP, ext);
        }
    }

    private static void loadLocalTable(Cpu cpu, int selector, int ext) {
        if (Descriptors.isNull(selector)) {
            return;
        }
        if ((selector & 4) != 0) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, ext);
        if (Descriptors.type(raw) != Descriptors.LDT || !Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        Descriptors.load(cpu, Registers.LDTR, selector, raw);
    }

    private static void loadCode(Cpu cpu, int selector, int ext) {
        if (Descriptors.isNull(selector)) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, ext);
        int rpl = selector & 3;
        boolean level = Descriptors.isConforming(raw) ? Descriptors.dpl(raw) <= rpl : Descriptors.dpl(raw) == rpl;
        if (!Descriptors.isCode(raw) || !level) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, ext);
        }
        Descriptors.load(cpu, Registers.CS, selector, Descriptors.markAccessed(cpu, selector, raw));
    }

    private static void loadStack(Cpu cpu, int selector, int cpl, int ext) {
        if (Descriptors.isNull(selector)) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, ext);
        SegmentLoad.checkStack(cpu, selector, raw, cpl, Fault.TS, ext);
        Descriptors.load(cpu, Registers.SS, selector, Descriptors.markAccessed(cpu, selector, raw));
    }

    private static void loadData(Cpu cpu, int register, int selector, int cpl, int ext) {
        if (Descriptors.isNull(selector)) {
            return;
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, ext);
        SegmentLoad.checkData(cpu, selector, raw, cpl, Fault.TS, ext);
        Descriptors.load(cpu, register, selector, Descriptors.markAccessed(cpu, selector, raw));
    }

    private static void pushErrorCode(Cpu cpu, int errorCode, int ext) {
        boolean wide = (cpu.segmentAttributes(Registers.TR) & 8) != 0;
        cpu.openBus = true;
        cpu.committed = true;
        try {
            TargetStack stack = TargetStack.current(cpu);
            stack.require(1, wide ? 4 : 2, ext);
            stack.push(errorCode & 0xffffffffL, wide ? 4 : 2);
            cpu.r64(Registers.RSP, stack.pointer());
        } catch (Fault f) {
            f.taskSwitched = true;
            throw f;
        } finally {
            cpu.openBus = false;
            cpu.committed = false;
        }
    }
}
