package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Registers;

/** Loads of segment registers by MOV, POP, LDS and their kind (SDM volume 2, MOV; volume 3, 5.4 to 5.7), LLDT and LTR. */
public final class SegmentLoad {
    /** Read and write, accessed: what a data segment is in real and virtual-8086 mode. */
    private static final int DATA = 3 | Segment.S | Segment.P;

    private static final int V86_DATA = DATA | 3 << 5;

    private SegmentLoad() {}

    /** Loads a data segment register or SS in any mode, with all checks. */
    public static void load(Cpu cpu, int register, int selector) {
        if (!cpu.isProtected()) {
            realMode(cpu, register, selector);
        } else if (register == Registers.SS) {
            stack(cpu, selector);
        } else {
            data(cpu, register, selector);
        }
    }

    /**
     * Loads a segment register as real and virtual-8086 mode do. In real mode limit and rights stay as they are: they may
     * be those of an earlier time in protected mode ("big real mode").
     */
    static void realMode(Cpu cpu, int register, int selector) {
        long base = (long) (selector & 0xffff) << 4;
        if (cpu.flag(Flags.VM)) {
            cpu.segment(register, selector, base, 0xffff, V86_DATA);
            return;
        }
        int attributes = cpu.segmentAttributes(register);
        if ((attributes & Segment.UNUSABLE) != 0) {
            cpu.segment(register, selector, base, 0xffff, DATA);
        } else {
            cpu.segment(register, selector, base, cpu.segmentLimit(register), attributes);
        }
    }

    /** Makes a segment register null. For SS the selector's RPL is the privilege level. */
    static void unusable(Cpu cpu, int register, int selector) {
        int attributes = register == Registers.SS ? EventDelivery.nullStackAttributes(selector & 3) : Segment.UNUSABLE;
        cpu.segment(register, selector, 0, 0, attributes);
    }

    private static void stack(Cpu cpu, int selector) {
        int cpl = cpu.cpl();
        if (Descriptors.isNull(selector)) {
            if (!cpu.is64() || cpl == 3 || (selector & 3) != cpl) {
                throw cpu.fault(Fault.GP, 0);
            }
            unusable(cpu, Registers.SS, selector);
            return;
        }
        long raw = Descriptors.read(cpu, selector, Fault.GP, 0);
        checkStack(cpu, selector, raw, cpl, Fault.GP, 0);
        Descriptors.load(cpu, Registers.SS, selector, Descriptors.markAccessed(cpu, selector, raw));
    }

    /** Checks a descriptor for SS at privilege level {@code cpl}; {@code vector} is raised but for one that is not present. */
    static void checkStack(Cpu cpu, int selector, long raw, int cpl, int vector, int ext) {
        if ((selector & 3) != cpl || Descriptors.dpl(raw) != cpl || !Descriptors.isWritableData(raw)) {
            throw Descriptors.fault(cpu, vector, selector, ext);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.SS, selector, ext);
        }
    }

    private static void data(Cpu cpu, int register, int selector) {
        if (Descriptors.isNull(selector)) {
            unusable(cpu, register, selector);
            return;
        }
        long raw = Descriptors.read(cpu, selector, Fault.GP, 0);
        checkData(cpu, selector, raw, cpu.cpl(), Fault.GP, 0);
        Descriptors.load(cpu, register, selector, Descriptors.markAccessed(cpu, selector, raw));
    }

    static void checkData(Cpu cpu, int selector, long raw, int cpl, int vector, int ext) {
        int type = Descriptors.type(raw);
        boolean readable = (type & 0x18) == 0x10 || (type & 0x1a) == 0x1a;
        if (!readable || !Descriptors.isConforming(raw) && Math.max(cpl, selector & 3) > Descriptors.dpl(raw)) {
            throw Descriptors.fault(cpu, vector, selector, ext);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, ext);
        }
    }

    /** After a return to an outer level: data segments that it may not use become null (SDM volume 2, RET). */
    static void dropInnerSegments(Cpu cpu, int cpl) {
        for (int register = 0; register < 6; register++) {
            if (register == Registers.CS || register == Registers.SS) {
                continue;
            }
            int attributes = cpu.segmentAttributes(register);
            boolean usable = (attributes & Segment.UNUSABLE) == 0;
            boolean conformingCode = (attributes & 0xc) == 0xc;
            if (usable && !conformingCode && (attributes >>> 5 & 3) < cpl) {
                // The base stays: 64-bit code goes on using those of FS and GS.
                cpu.segment(
                        register,
                        0,
                        cpu.segmentBase(register),
                        cpu.segmentLimit(register),
                        attributes | Segment.UNUSABLE);
            }
        }
    }

    /** LLDT: the caller has checked mode and privilege. */
    static void localTable(Cpu cpu, int selector) {
        if (Descriptors.isNull(selector)) {
            cpu.segment(Registers.LDTR, selector, 0, 0, Segment.UNUSABLE);
            return;
        }
        if ((selector & 4) != 0) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        long raw = Descriptors.read(cpu, selector, Fault.GP, 0);
        if (Descriptors.type(raw) != Descriptors.LDT) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        long base = systemBase(cpu, selector, raw);
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, 0);
        }
        cpu.segment(Registers.LDTR, selector, base, Descriptors.limit(raw), Descriptors.attributes(raw));
    }

    /** LTR: the caller has checked mode and privilege. */
    static void taskRegister(Cpu cpu, int selector) {
        if (Descriptors.isNull(selector)) {
            throw cpu.fault(Fault.GP, 0);
        }
        if ((selector & 4) != 0) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        long raw = Descriptors.read(cpu, selector, Fault.GP, 0);
        int type = Descriptors.type(raw);
        if (type != Descriptors.TSS32 && (type != Descriptors.TSS16 || cpu.isLong())) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        long base = systemBase(cpu, selector, raw);
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.NP, selector, 0);
        }
        Descriptors.writeType(cpu, selector, raw, type | 2);
        cpu.segment(Registers.TR, selector, base, Descriptors.limit(raw), Descriptors.attributes(raw) | 2);
    }

    private static long systemBase(Cpu cpu, int selector, long raw) {
        if (!cpu.isLong()) {
            return Descriptors.base(raw);
        }
        long base = Descriptors.base(raw) | Descriptors.readUpper(cpu, selector, Fault.GP);
        if (!cpu.model.canonicalAtWidest(base)) {
            throw Descriptors.fault(cpu, Fault.GP, selector, 0);
        }
        return base;
    }
}
