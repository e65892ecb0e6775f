package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;

/** PUSHF, POPF, CLI and STI with their privilege rules and the virtual interrupt flag (SDM volume 2; volume 3, 20.3 and 20.4). */
final class FlagStore {
    private static final long POPPED = Flags.STATUS | Flags.TF | Flags.DF | Flags.NT;

    private FlagStore() {}

    static int iopl(Cpu cpu) {
        return (int) (cpu.systemFlags() & Flags.IOPL) >>> 12;
    }

    static void push(Cpu cpu, int size) {
        long flags = cpu.rflags() & ~(Flags.RF | Flags.VM);
        if (cpu.flag(Flags.VM) && iopl(cpu) < 3) {
            if (size != 2 || (cpu.cr4() & Cpu.CR4_VME) == 0) {
                throw cpu.fault(Fault.GP, 0);
            }
            flags = virtualImage(flags);
        }
        cpu.push(flags, size);
    }

    /** What virtual-8086 code with VME sees: IOPL 3 and the virtual interrupt flag. */
    static long virtualImage(long flags) {
        long interrupts = (flags & Flags.VIF) != 0 ? Flags.IF : 0;
        return flags & ~Flags.IF | Flags.IOPL | interrupts;
    }

    static void pop(Cpu cpu, int size) {
        long wide = size == 2 ? 0 : Flags.AC | Flags.ID;
        long loaded = POPPED | wide;
        if (cpu.flag(Flags.VM)) {
            if (iopl(cpu) == 3) {
                loaded |= Flags.IF;
            } else {
                popVirtual(cpu, size);
                return;
            }
        } else {
            if (cpu.cpl() <= iopl(cpu)) {
                loaded |= Flags.IF;
            }
            if (cpu.cpl() == 0) {
                loaded |= Flags.IOPL;
            }
        }
        long value = cpu.pop(size);
        // RF is cleared, VM, VIF and VIP stay.
        cpu.rflags(cpu.rflags() & ~(loaded | Flags.RF) | value & loaded);
    }

    private static void popVirtual(Cpu cpu, int size) {
        if (size != 2 || (cpu.cr4() & Cpu.CR4_VME) == 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        long value = cpu.peekStack(0, 2);
        if ((value & Flags.TF) != 0 || (value & Flags.IF) != 0 && cpu.flag(Flags.VIP)) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.stackPointer(cpu.stackPointer() + 2);
        long virtual = (value & Flags.IF) != 0 ? Flags.VIF : 0;
        cpu.rflags(cpu.rflags() & ~(POPPED | Flags.VIF) | value & POPPED | virtual);
    }

    /** Whether CLI and STI act on VIF; #GP where they may do neither. */
    private static boolean onVirtualFlag(Cpu cpu) {
        if ((cpu.cr0() & Cpu.CR0_PE) == 0) {
            return false;
        }
        boolean v86 = cpu.flag(Flags.VM);
        if (v86 ? iopl(cpu) == 3 : cpu.cpl() <= iopl(cpu)) {
            return false;
        }
        boolean virtual = v86 ? (cpu.cr4() & Cpu.CR4_VME) != 0 : cpu.cpl() == 3 && (cpu.cr4() & Cpu.CR4_PVI) != 0;
        if (!virtual) {
            throw cpu.fault(Fault.GP, 0);
        }
        return true;
    }

    static void clearInterrupts(Cpu cpu) {
        cpu.rflags(cpu.rflags() & ~(onVirtualFlag(cpu) ? Flags.VIF : Flags.IF));
    }

    static void setInterrupts(Cpu cpu) {
        if (onVirtualFlag(cpu)) {
            if (cpu.flag(Flags.VIP)) {
                throw cpu.fault(Fault.GP, 0);
            }
            cpu.rflags(cpu.rflags() | Flags.VIF);
        } else if (!cpu.flag(Flags.IF)) {
            cpu.rflags(cpu.rflags() | Flags.IF);
            cpu.shadow |= Cpu.SHADOW_STI;
            cpu.attentionChanged();
        }
    }
}
