package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Registers;

/**
 * The stack that a transfer is going to run on. It is written before any register changes, so that a fault on the way leaves
 * the processor as it was.
 */
final class TargetStack {
    private final Cpu cpu;
    private final boolean user;
    private final long base;
    private final long limit;
    private final int attributes;
    /** Selector to load into SS where the stack is another than the current one. */
    final int selector;
    /** Its descriptor. */
    final long descriptor;

    private final long mask;
    private long pointer;

    private TargetStack(
            Cpu cpu, boolean user, long base, long limit, int attributes, int selector, long descriptor, long pointer) {
        this.cpu = cpu;
        this.user = user;
        this.base = base;
        this.limit = limit;
        this.attributes = attributes;
        this.selector = selector;
        this.descriptor = descriptor;
        this.pointer = pointer;
        if (limit < 0) {
            mask = -1;
        } else {
            mask = (attributes & Segment.DB) != 0 ? 0xffffffffL : 0xffff;
        }
    }

    /** The current stack, outside 64-bit mode. */
    static TargetStack current(Cpu cpu) {
        return new TargetStack(
                cpu,
                cpu.cpl() == 3,
                cpu.segmentBase(Registers.SS),
                cpu.segmentLimit(Registers.SS),
                cpu.segmentAttributes(Registers.SS),
                cpu.selector(Registers.SS),
                0,
                cpu.r64(Registers.RSP));
    }

    /** A 64-bit stack, without a segment. */
    static TargetStack flat(Cpu cpu, long pointer, int cpl) {
        return new TargetStack(cpu, cpl == 3, 0, -1, 0, cpl, 0, pointer);
    }

    /** The stack that the current TSS names for an inner privilege level (SDM 5.8.5), outside long mode. */
    static TargetStack ofPrivilege(Cpu cpu, int dpl, int ext) {
        boolean wide = (cpu.segmentAttributes(Registers.TR) & 8) != 0;
        int offset = wide ? dpl * 8 + 4 : dpl * 4 + 2;
        if (offset + (wide ? 5 : 3) > cpu.segmentLimit(Registers.TR)) {
            throw Descriptors.fault(cpu, Fault.TS, cpu.selector(Registers.TR), ext);
        }
        long address = cpu.segmentBase(Registers.TR) + offset;
        int size = wide ? 4 : 2;
        long pointer = cpu.readSystem(Descriptors.systemAddress(cpu, address), size);
        int selector = (int) cpu.readSystem(Descriptors.systemAddress(cpu, address + size), 2);
        if (Descriptors.isNull(selector)) {
            throw cpu.fault(Fault.TS, ext);
        }
        long raw = Descriptors.read(cpu, selector, Fault.TS, ext);
        if ((selector & 3) != dpl || Descriptors.dpl(raw) != dpl || !Descriptors.isWritableData(raw)) {
            throw Descriptors.fault(cpu, Fault.TS, selector, ext);
        }
        if (!Descriptors.present(raw)) {
            throw Descriptors.fault(cpu, Fault.SS, selector, ext);
        }
        return new TargetStack(
                cpu,
                dpl == 3,
                Descriptors.base(raw),
                Descriptors.limit(raw),
                Descriptors.attributes(raw),
                selector,
                raw,
                pointer);
    }

    /** RSP of a privilege level from the 64-bit TSS. */
    static long rspOfPrivilege(Cpu cpu, int dpl, int ext) {
        return longTssField(cpu, dpl * 8 + 4, ext);
    }

    /** RSP from the interrupt stack table, {@code index} 1 to 7. */
    static long rspOfInterrupt(Cpu cpu, int index, int ext) {
        return longTssField(cpu, index * 8 + 28, ext);
    }

    private static long longTssField(Cpu cpu, int offset, int ext) {
        if (offset + 7 > cpu.segmentLimit(Registers.TR)) {
            throw Descriptors.fault(cpu, Fault.TS, cpu.selector(Registers.TR), ext);
        }
        return cpu.readSystem(cpu.segmentBase(Registers.TR) + offset, 8);
    }

    /** Refuses, with #SS and {@code errorCode}, a stack without room for {@code count} pushes of {@code size} bytes. */
    void require(int count, int size, int errorCode) {
        if (mask == -1) {
            if (!cpu.canonical(pointer - size) || !cpu.canonical(pointer - (long) count * size)) {
                throw cpu.fault(Fault.SS, errorCode);
            }
            return;
        }
        for (int i = 1; i <= count; i++) {
            long offset = pointer - (long) i * size & mask;
            long last = offset + size - 1;
            boolean expandDown = (attributes & 0xc) == 4;
            boolean unusable = (attributes & Segment.UNUSABLE) != 0;
            if (unusable || (expandDown ? offset <= limit || last > mask : last > limit)) {
                throw cpu.fault(Fault.SS, errorCode);
            }
        }
    }

    void push(long value, int size) {
        long offset = pointer - size & mask;
        long address = mask == -1 ? offset : base + offset & 0xffffffffL;
        cpu.writeStack(address, size, value, user);
        pointer = mask == 0xffff ? pointer & ~mask | offset : offset;
    }

    /** Value for RSP after the pushes. */
    long pointer() {
        return pointer;
    }
}
