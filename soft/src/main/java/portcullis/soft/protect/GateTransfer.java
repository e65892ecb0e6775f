package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Registers;

/** Far JMP and CALL to system descriptors: call gates, task gates, task state segments (SDM volume 3, 5.8.3 to 5.8.5). */
final class GateTransfer {
    private GateTransfer() {}

    static void transfer(Cpu cpu, int selector, long raw, boolean call, long nextRip) {
        int type = Descriptors.type(raw);
        if (cpu.isLong() && type != Descriptors.CALL_GATE32) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        switch (type) {
            case Descriptors.CALL_GATE16, Descriptors.CALL_GATE32 -> callGate(cpu, selector, raw, call, nextRip);
            case Descriptors.TASK_GATE -> TaskSwitch.throughGate(cpu, selector, raw, call, nextRip);
            case Descriptors.TSS16, Descriptors.TSS32 -> TaskSwitch.direct(cpu, selector, raw, call, nextRip);
            default -> throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
    }

    private static void callGate(Cpu cpu, int gateSelector, long gate, boolean call, long nextRip) {
        if (Descriptors.dpl(gate) < Math.max(cpu.cpl(), gateSelector & 3)) {
            throw Descriptors.fault(cpu, Fault.GP, gateSelector, 0);
        }
        long high = cpu.isLong() ? Descriptors.readUpper(cpu, gateSelector, Fault.GP) : 0;
        if (!Descriptors.present(gate)) {
            throw Descriptors.fault(cpu, Fault.NP, gateSelector, 0);
        }
        int selector = (int) (gate >>> 16) & 0xffff;
        int size = cpu.isLong() ? 8 : Descriptors.type(gate) == Descriptors.CALL_GATE32 ? 4 : 2;
        long target = gate & 0xffff | (size == 2 ? 0 : gate >>> 32 & 0xffff0000L) | high;
        long code = EventDelivery.readCode(cpu, selector, 0);
        if (cpu.isLong() && (!Descriptors.isLongCode(code) || Descriptors.isBig(code))) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        boolean inner = !Descriptors.isConforming(code) && Descriptors.dpl(code) < cpu.cpl();
        if (inner && !call) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        if (!call) {
            FarTransfer.checkTarget(cpu, code, target);
            enter(cpu, selector, code, cpu.cpl(), target);
        } else if (cpu.isLong()) {
            callLong(cpu, selector, code, inner, target, nextRip);
        } else if (inner) {
            callInner(cpu, selector, code, size, (int) (gate >>> 32) & 0x1f, target, nextRip);
        } else {
            TargetStack stack = TargetStack.current(cpu);
            stack.require(2, size, 0);
            FarTransfer.checkTarget(cpu, code, target);
            pushReturn(cpu, stack, size, nextRip);
            enter(cpu, selector, code, cpu.cpl(), target);
            cpu.r64(Registers.RSP, stack.pointer());
        }
    }

    private static void callInner(
            Cpu cpu, int selector, long code, int size, int parameters, long target, long nextRip) {
        int cpl = Descriptors.dpl(code);
        TargetStack stack = TargetStack.ofPrivilege(cpu, cpl, 0);
        stack.require(4 + parameters, size, stack.selector & 0xfffc);
        FarTransfer.checkTarget(cpu, code, target);
        stack.push(cpu.selector(Registers.SS), size);
        stack.push(cpu.r64(Registers.RSP), size);
        for (int i = parameters - 1; i >= 0; i--) {
            stack.push(cpu.peekStack((long) i * size, size), size);
        }
        pushReturn(cpu, stack, size, nextRip);
        long marked = Descriptors.markAccessed(cpu, stack.selector, stack.descriptor);
        long markedCode = Descriptors.markAccessed(cpu, selector, code);
        Descriptors.load(cpu, Registers.SS, stack.selector, marked);
        enter(cpu, selector, markedCode, cpl, target);
        cpu.r64(Registers.RSP, stack.pointer());
    }

    private static void callLong(Cpu cpu, int selector, long code, boolean inner, long target, long nextRip) {
        int cpl = inner ? Descriptors.dpl(code) : cpu.cpl();
        long pointer = inner ? TargetStack.rspOfPrivilege(cpu, cpl, 0) : cpu.r64(Registers.RSP);
        TargetStack stack = TargetStack.flat(cpu, pointer, cpl);
        stack.require(inner ? 4 : 2, 8, 0);
        FarTransfer.checkTarget(cpu, code, target);
        if (inner) {
            stack.push(cpu.selector(Registers.SS), 8);
            stack.push(cpu.r64(Registers.RSP), 8);
        }
        pushReturn(cpu, stack, 8, nextRip);
        long marked = Descriptors.markAccessed(cpu, selector, code);
        if (inner) {
            SegmentLoad.unusable(cpu, Registers.SS, cpl);
        }
        enter(cpu, selector, marked, cpl, target);
        cpu.r64(Registers.RSP, stack.pointer());
    }

    private static void pushReturn(Cpu cpu, TargetStack stack, int size, long nextRip) {
        stack.push(cpu.selector(Registers.CS), size);
        stack.push(nextRip, size);
    }

    private static void enter(Cpu cpu, int selector, long code, int cpl, long target) {
        long marked = Descriptors.markAccessed(cpu, selector, code);
        Descriptors.load(cpu, Registers.CS, selector & ~3 | cpl, marked);
        cpu.rip(target);
    }
}
