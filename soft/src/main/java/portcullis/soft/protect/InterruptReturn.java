package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Registers;

/** IRET, IRETD and IRETQ (SDM volume 2, IRET). */
final class InterruptReturn {
    /** Flags that a return always loads. */
    private static final long ALWAYS = Flags.STATUS | Flags.TF | Flags.DF | Flags.NT;

    /** Flags that only wider than 16-bit returns have. */
    private static final long WIDE = Flags.RF | Flags.AC | Flags.ID;

    private InterruptReturn() {}

    /** @param nextRip behind the IRET, saved where it switches tasks */
    static void execute(Cpu cpu, int size, long nextRip) {
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            realMode(cpu, size, ALWAYS | Flags.IF | Flags.IOPL | (size == 4 ? WIDE : 0));
        } else if (cpu.flag(Flags.VM)) {
            virtual8086(cpu, size);
        } else if (cpu.flag(Flags.NT)) {
            if (cpu.isLong()) {
                throw cpu.fault(Fault.GP, 0);
            }
            TaskSwitch.back(cpu, nextRip);
        } else {
            protectedMode(cpu, size);
        }
        if (cpu.nmiBlocked) {
            cpu.nmiBlocked = false;
            cpu.attentionChanged();
        }
    }

    private static void realMode(Cpu cpu, int size, long loaded) {
        long target = cpu.peekStack(0, size);
        int selector = (int) cpu.peekStack(size, size) & 0xffff;
        long flags = cpu.peekStack(2L * size, size);
        if (target > cpu.segmentLimit(Registers.CS)) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.stackPointer(cpu.stackPointer() + 3L * size);
        SegmentLoad.realMode(cpu, Registers.CS, selector);
        cpu.rip(target);
        cpu.rflags(cpu.rflags() & ~loaded | flags & loaded);
    }

    private static void virtual8086(Cpu cpu, int size) {
        long wide = size == 4 ? WIDE : 0;
        if (FlagStore.iopl(cpu) == 3) {
            realMode(cpu, size, ALWAYS | Flags.IF | wide);
            return;
        }
        if (size == 4 || (cpu.cr4() & Cpu.CR4_VME) == 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        long flags = cpu.peekStack(2L * size, size);
        if ((flags & Flags.TF) != 0 || (flags & Flags.IF) != 0 && cpu.flag(Flags.VIP)) {
            throw cpu.fault(Fault.GP, 0);
        }
        realMode(cpu, size, ALWAYS);
        cpu.rflags(cpu.rflags() & ~Flags.VIF | ((flags & Flags.IF) != 0 ? Flags.VIF : 0));
    }

    private static void protectedMode(Cpu cpu, int size) {
        long target = cpu.peekStack(0, size);
        int selector = (int) cpu.peekStack(size, size) & 0xffff;
        long flags = cpu.peekStack(2L * size, size);
        int cpl = cpu.cpl();
        if ((flags & Flags.VM) != 0 && cpl == 0 && size == 4 && !cpu.isLong()) {
            toVirtual8086(cpu, target, selector, flags);
            return;
        }
        if (Descriptors.isNull(selector)) {
            throw cpu.fault(Fault.GP, 0);
        }
        long code = Descriptors.read(cpu, selector, Fault.GP, 0);
        int rpl = selector & 3;
        FarTransfer.checkReturn(cpu, selector, code);
        long loaded = ALWAYS | (size != 2 ? WIDE : 0);
        if (cpl <= FlagStore.iopl(cpu)) {
            loaded |= Flags.IF;
        }
        if (cpl == 0) {
            loaded |= Flags.IOPL | (size != 2 ? Flags.VIF | Flags.VIP : 0);
        }
        long newFlags = cpu.rflags() & ~loaded | flags & loaded;
        if (rpl > cpl || cpu.is64()) {
            FarTransfer.returnWithStack(cpu, selector, code, target, 3L * size, size, 0);
        } else {
            FarTransfer.checkTarget(cpu, code, target);
            long marked = Descriptors.markAccessed(cpu, selector, code);
            cpu.stackPointer(cpu.stackPointer() + 3L * size);
            Descriptors.load(cpu, Registers.CS, selector, marked);
            cpu.rip(target);
        }
        cpu.rflags(newFlags);
    }

    private static void toVirtual8086(Cpu cpu, long target, int selector, long flags) {
        long pointer = cpu.peekStack(12, 4);
        int stack = (int) cpu.peekStack(16, 4);
        int es = (int) cpu.peekStack(20, 4);
        int ds = (int) cpu.peekStack(24, 4);
        int fs = (int) cpu.peekStack(28, 4);
        int gs = (int) cpu.peekStack(32, 4);
        if (target > 0xffff) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.rflags(flags);
        SegmentLoad.realMode(cpu, Registers.CS, selector);
        SegmentLoad.realMode(cpu, Registers.SS, stack & 0xffff);
        SegmentLoad.realMode(cpu, Registers.ES, es & 0xffff);
        SegmentLoad.realMode(cpu, Registers.DS, ds & 0xffff);
        SegmentLoad.realMode(cpu, Registers.FS, fs & 0xffff);
        SegmentLoad.realMode(cpu, Registers.GS, gs & 0xffff);
        cpu.r64(Registers.RSP, pointer);
        cpu.rip(target);
    }
}
