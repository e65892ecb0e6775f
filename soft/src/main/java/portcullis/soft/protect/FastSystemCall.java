package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Registers;
import portcullis.soft.model.Feature;

/**
 * SYSCALL, SYSRET, SYSENTER and SYSEXIT (SDM volume 2; APM volume 3). The vendors differ: Intel has SYSCALL in 64-bit mode
 * only, AMD has SYSENTER outside long mode only.
 */
final class FastSystemCall {
    private static final int CODE = 0xb | Segment.S | Segment.P | Segment.G;
    private static final int CODE32 = CODE | Segment.DB;
    private static final int CODE64 = CODE | Segment.L;
    private static final int DATA32 = 3 | Segment.S | Segment.P | Segment.DB | Segment.G;
    private static final int USER = 3 << 5;
    private static final long ALL = 0xffffffffL;
    /** Flags that SYSRET takes from R11. */
    private static final long RETURNED = 0x3c7fd7;

    private static final int SINGLE_STEP = 1 << 14;

    private FastSystemCall() {}

    private static void requireSyscall(Cpu cpu) {
        if ((cpu.efer() & Cpu.EFER_SCE) == 0 || cpu.model.isIntel() && !cpu.is64()) {
            throw cpu.fault(Fault.UD);
        }
    }

    static void enter(Cpu cpu, long nextRip) {
        requireSyscall(cpu);
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            throw cpu.fault(Fault.UD);
        }
        int selector = (int) (cpu.msrs.star >>> 32) & 0xfffc;
        long flags = cpu.rflags();
        long target;
        cpu.r64(Registers.RCX, nextRip);
        if (cpu.isLong()) {
            target = cpu.is64() ? cpu.msrs.lstar : cpu.msrs.cstar;
            cpu.r64(11, flags & ~Flags.RF);
            flags &= ~(cpu.msrs.fmask | Flags.RF);
        } else {
            target = cpu.msrs.star & ALL;
            flags &= ~(Flags.IF | Flags.RF | Flags.VM);
        }
        boolean wide = cpu.isLong();
        cpu.rflags(flags);
        cpu.segment(Registers.SS, selector + 8 & 0xffff, 0, ALL, DATA32);
        cpu.segment(Registers.CS, selector, 0, ALL, wide ? CODE64 : CODE32);
        cpu.rip(target);
        stepAfter(cpu);
    }

    static void leave(Cpu cpu, int size) {
        requireSyscall(cpu);
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            throw cpu.fault(Fault.UD);
        }
        if (cpu.cpl() != 0 || cpu.flag(Flags.VM)) {
            throw cpu.fault(Fault.GP, 0);
        }
        boolean wide = size == 8;
        long target = wide ? cpu.r64(Registers.RCX) : cpu.r32(Registers.RCX);
        if (wide && cpu.model.isIntel() && !cpu.canonical(target)) {
            throw cpu.fault(Fault.GP, 0);
        }
        int base = (int) (cpu.msrs.star >>> 48);
        long flags = cpu.isLong() ? cpu.r64(11) & RETURNED : cpu.rflags() | Flags.IF;
        // AMD leaves SS as it is but for the selector and the privilege level.
        int stack = cpu.model.isIntel() ? DATA32 | USER : cpu.segmentAttributes(Registers.SS) | USER;
        long stackBase = cpu.model.isIntel() ? 0 : cpu.segmentBase(Registers.SS);
        long stackLimit = cpu.model.isIntel() ? ALL : cpu.segmentLimit(Registers.SS);
        cpu.segment(Registers.SS, base + 8 & 0xffff | 3, stackBase, stackLimit, stack);
        cpu.segment(Registers.CS, (wide ? base + 16 : base) & 0xffff | 3, 0, ALL, (wide ? CODE64 : CODE32) | USER);
        cpu.rflags(flags);
        cpu.rip(target);
        stepAfter(cpu);
    }

    /** These single-step by TF as it is behind the instruction. */
    private static void stepAfter(Cpu cpu) {
        if (cpu.flag(Flags.TF)) {
            cpu.debugTrapPending(SINGLE_STEP);
        }
    }

    private static void requireSysenter(Cpu cpu) {
        if (!cpu.model.has(Feature.SEP) || !cpu.model.isIntel() && cpu.isLong()) {
            throw cpu.fault(Fault.UD);
        }
        if ((cpu.cr0() & Cpu.CR0_PE) == 0 || Descriptors.isNull((int) cpu.msrs.sysenterCs)) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    static void sysenter(Cpu cpu) {
        requireSysenter(cpu);
        boolean wide = cpu.isLong();
        int selector = (int) cpu.msrs.sysenterCs & 0xfffc;
        cpu.rflags(cpu.rflags() & ~(Flags.VM | Flags.IF | Flags.RF));
        cpu.segment(Registers.SS, selector + 8 & 0xffff, 0, ALL, DATA32);
        cpu.segment(Registers.CS, selector, 0, ALL, wide ? CODE64 : CODE32);
        cpu.r64(Registers.RSP, wide ? cpu.msrs.sysenterEsp : cpu.msrs.sysenterEsp & ALL);
        cpu.rip(wide ? cpu.msrs.sysenterEip : cpu.msrs.sysenterEip & ALL);
        stepAfter(cpu);
    }

    static void sysexit(Cpu cpu, int size) {
        requireSysenter(cpu);
        if (cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        boolean wide = size == 8;
        long stack = wide ? cpu.r64(Registers.RCX) : cpu.r32(Registers.RCX);
        long target = wide ? cpu.r64(Registers.RDX) : cpu.r32(Registers.RDX);
        if (wide && (!cpu.canonical(stack) || !cpu.canonical(target))) {
            throw cpu.fault(Fault.GP, 0);
        }
        int selector = (int) cpu.msrs.sysenterCs & 0xffff;
        int code = selector + (wide ? 32 : 16) & 0xffff | 3;
        cpu.segment(Registers.SS, code + 8 & 0xffff, 0, ALL, DATA32 | USER);
        cpu.segment(Registers.CS, code, 0, ALL, (wide ? CODE64 : CODE32) | USER);
        cpu.r64(Registers.RSP, stack);
        cpu.rip(target);
        stepAfter(cpu);
    }
}
