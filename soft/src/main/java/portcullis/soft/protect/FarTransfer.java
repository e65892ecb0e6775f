package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Registers;

/** Far JMP, CALL and RET (SDM volume 2, each; volume 3, 5.8). */
final class FarTransfer {
    private FarTransfer() {}

    static void jump(Cpu cpu, int selector, long target, long nextRip) {
        if (!cpu.isProtected()) {
            if (target > cpu.segmentLimit(Registers.CS)) {
                throw cpu.fault(Fault.GP, 0);
            }
            SegmentLoad.realMode(cpu, Registers.CS, selector);
            cpu.rip(target);
            return;
        }
        long raw = readTarget(cpu, selector);
        if ((Descriptors.type(raw) & 0x10) == 0) {
            GateTransfer.transfer(cpu, selector, raw, false, nextRip);
            return;
        }
        checkDirect(cpu, selector, raw);
        checkTarget(cpu, raw, target);
        long marked = Descriptors.markAccessed(cpu, selector, raw);
        Descriptors.load(cpu, Registers.CS, selector & ~3 | cpu.cpl(), marked);
        cpu.rip(target);
    }

    /** @param size operand size: how wide the return address is, without a gate */
    static void call(Cpu cpu, int selector, long target, int size, long nextRip) {
        if (!cpu.isProtected()) {
            if (target > cpu.segmentLimit(Registers.CS)) {
                throw cpu.fault(Fault.GP, 0);
            }
            pushReturn(cpu, size, nextRip);
            SegmentLoad.realMode(cpu, Registers.CS, selector);
            cpu.rip(target);
            return;
        }
        long raw = readTarget(cpu, selector);
        if ((Descriptors.type(raw) & 0x10) == 0) {
            GateTransfer.transfer(cpu, selector, raw, true, nextRip);
            return;
        }
        checkDirect(cpu, selector, raw);
        checkTarget(cpu, raw, target);
        pushReturn(cpu, size, nextRip);
        long marked = Descriptors.markAccessed(cpu, selector, raw);
        Descriptors.load(cpu, Registers.CS, selector & ~3 | cpu.cpl(), marked);
        cpu.rip(target);
    }

    /** Both stores are done before RSP moves. */
    private static void pushReturn(Cpu cpu, int size, long nextRip) {
        long pointer = cpu.stackPointer();
        long code = cpu.stackLinear(pointer - size, size, true);
        long instruction = cpu.stackLinear(pointer - 2L * size, size, true);
        cpu.write(code, size, cpu.selector(Registers.CS));
        cpu.write(instruction, size, nextRip);
        cpu.stackPointer(pointer - 2L * size);
    }

    private static long readTarget(Cpu cpu, int selector) {
        if (Descriptors.isNull(selector)) {
            throw cpu.fault(Fault.GP, 0);
        }
        return Descriptors.read(cpu, selector, Fault.GP, 0);
    }

    /** A code segment reached without a gate: same privilege, or conforming and more privileged. */
    private static void checkDirect(Cpu cpu, int selector, long raw) {
        int cpl = cpu.cpl();
        int dpl = Descriptors.dpl(raw);
        boolean allowed = Descriptors.isCode(raw)
                && (Descriptors.isConforming(raw) ? dpl <= cpl : (selector & 3) <= cpl && dpl == cpl);
        if (!allowed || cpu.isLong() && Descriptors.isLongAndBig(raw)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, 0);
        }
    }

    /** #GP(0) for a target beyond the code segment, or not canonical. */
    static void checkTarget(Cpu cpu, long raw, long target) {
        boolean wide = cpu.isLong() && Descriptors.isLongCode(raw);
        if (wide ? !cpu.canonical(target) : target > Descriptors.limit(raw)) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    // ---- returns -----------------------------------------------------------------------------------------------

    static void back(Cpu cpu, int size, int release) {
        long target = cpu.peekStack(0, size);
        int selector = (int) cpu.peekStack(size, size) & 0xffff;
        if (!cpu.isProtected()) {
            if (target > cpu.segmentLimit(Registers.CS)) {
                throw cpu.fault(Fault.GP, 0);
            }
            cpu.stackPointer(cpu.stackPointer() + 2L * size + release);
            SegmentLoad.realMode(cpu, Registers.CS, selector);
            cpu.rip(target);
            return;
        }
        long code = readTarget(cpu, selector);
        checkReturn(cpu, selector, code);
        if ((selector & 3) > cpu.cpl()) {
            returnWithStack(cpu, selector, code, target, 2L * size + release, size, release);
            return;
        }
        checkTarget(cpu, code, target);
        long marked = Descriptors.markAccessed(cpu, selector, code);
        cpu.stackPointer(cpu.stackPointer() + 2L * size + release);
        Descriptors.load(cpu, Registers.CS, selector, marked);
        cpu.rip(target);
    }

    /** The code segment of RET and IRET: of the selector's RPL, which is the current level or an outer one. */
    static void checkReturn(Cpu cpu, int selector, long code) {
        int rpl = selector & 3;
        boolean allowed = Descriptors.isCode(code)
                && rpl >= cpu.cpl()
                && (Descriptors.isConforming(code) ? Descriptors.dpl(code) <= rpl : Descriptors.dpl(code) == rpl);
        if (!allowed || cpu.isLong() && Descriptors.isLongAndBig(code)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        if (!Descriptors.present(code)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, 0);
        }
    }

    /**
     * The rest of a return that pops SS and RSP, to an outer level or in 64-bit mode.
     *
     * @param depth where on the stack RSP and SS are
     * @param release bytes to release from the stack returned to
     */
    static void returnWithStack(Cpu cpu, int selector, long code, long target, long depth, int size, int release) {
        long pointer = cpu.peekStack(depth, size);
        int stack = (int) cpu.peekStack(depth + size, size) & 0xffff;
        int rpl = selector & 3;
        boolean outer = rpl > cpu.cpl();
        boolean toLong = cpu.isLong() && Descriptors.isLongCode(code);
        long descriptor = 0;
        if (Descriptors.isNull(stack)) {
            if (!toLong || rpl == 3) {
                throw cpu.fault(Fault.GP, 0);
            }
        } else {
            descriptor = Descriptors.read(cpu, stack, Fault.GP, 0);
            SegmentLoad.checkStack(cpu, stack, descriptor, rpl, Fault.GP, 0);
        }
        checkTarget(cpu, code, target);
        long markedCode = Descriptors.markAccessed(cpu, selector, code);
        long markedStack = descriptor == 0 ? 0 : Descriptors.markAccessed(cpu, stack, descriptor);
        if (descriptor == 0) {
            cpu.segment(Registers.SS, stack, 0, 0, EventDelivery.nullStackAttributes(rpl));
        } else {
            Descriptors.load(cpu, Registers.SS, stack, markedStack);
        }
        Descriptors.load(cpu, Registers.CS, selector, markedCode);
        if (toLong || (cpu.segmentAttributes(Registers.SS) & Segment.DB) != 0) {
            cpu.r64(Registers.RSP, pointer + release & (toLong ? -1L : 0xffffffffL));
        } else {
            cpu.r16(Registers.RSP, (int) pointer + release);
        }
        cpu.rip(target);
        if (outer) {
            SegmentLoad.dropInnerSegments(cpu, rpl);
        }
    }
}
