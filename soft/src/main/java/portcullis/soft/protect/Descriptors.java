package portcullis.soft.protect;

import portcullis.engine.Segment;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Registers;

/** Segment and system descriptors as the tables in memory hold them (SDM volume 3, 3.4.5 and 3.5). */
public final class Descriptors {
    /** System descriptor types; with bit 3 set the 32-bit (in long mode 64-bit) form. */
    static final int TSS16 = 1;

    static final int LDT = 2;
    static final int TSS16_BUSY = 3;
    static final int CALL_GATE16 = 4;
    static final int TASK_GATE = 5;
    static final int TSS32 = 9;
    static final int TSS32_BUSY = 0xb;
    static final int CALL_GATE32 = 0xc;

    private static final int ACCESSED = 1;

    private Descriptors() {}

    static long base(long raw) {
        return raw >>> 16 & 0xffffff | raw >>> 32 & 0xff000000L;
    }

    /** Granularity applied. */
    static long limit(long raw) {
        long limit = raw & 0xffff | raw >>> 32 & 0xf0000;
        return (raw >>> 55 & 1) != 0 ? limit << 12 | 0xfff : limit;
    }

    /** In the layout of {@link Segment}. */
    static int attributes(long raw) {
        return (int) (raw >>> 40) & 0xf0ff;
    }

    /** S bit and type: {@code 0x10} and up for code and data. */
    static int type(long raw) {
        return (int) (raw >>> 40) & 0x1f;
    }

    static int dpl(long raw) {
        return (int) (raw >>> 45) & 3;
    }

    static boolean present(long raw) {
        return (raw >>> 47 & 1) != 0;
    }

    static boolean isCode(long raw) {
        return (type(raw) & 0x18) == 0x18;
    }

    static boolean isConforming(long raw) {
        return (type(raw) & 0x1c) == 0x1c;
    }

    static boolean isWritableData(long raw) {
        return (type(raw) & 0x1a) == 0x12;
    }

    static boolean isNull(int selector) {
        return (selector & 0xfffc) == 0;
    }

    /** A 64-bit code segment's L bit. */
    static boolean isLongCode(long raw) {
        return (raw >>> 53 & 1) != 0;
    }

    static boolean isBig(long raw) {
        return (raw >>> 54 & 1) != 0;
    }

    /** L and D both set: refused as a code segment while long mode is active. */
    static boolean isLongAndBig(long raw) {
        return (raw >>> 53 & 3) == 3;
    }

    /** Linear address of the descriptor that {@code selector} names, or -1 where {@code size} bytes do not fit its table. */
    static long address(Cpu cpu, int selector, int size) {
        int index = selector & 0xfff8;
        long base;
        if ((selector & 4) != 0) {
            boolean usable = (cpu.segmentAttributes(Registers.LDTR) & Segment.UNUSABLE) == 0;
            if (!usable || index + size - 1 > cpu.segmentLimit(Registers.LDTR)) {
                return -1;
            }
            base = cpu.segmentBase(Registers.LDTR);
        } else {
            if (index + size - 1 > cpu.gdtLimit) {
                return -1;
            }
            base = cpu.gdtBase;
        }
        return systemAddress(cpu, base + index);
    }

    /** Linear addresses of tables are 32 bits wide while long mode is not active. */
    static long systemAddress(Cpu cpu, long la) {
        return cpu.isLong() ? la : la & 0xffffffffL;
    }

    /** Reads the descriptor of a selector that is not null; {@code vector} with the selector and {@code ext} beyond the table. */
    static long read(Cpu cpu, int selector, int vector, int ext) {
        long address = address(cpu, selector, 8);
        if (address == -1) {
            throw fault(cpu, vector, selector, ext);
        }
        return cpu.readSystem(address, 8);
    }

    /** Bits 63:32 of the base (of a call gate: the offset) of a 16-byte system descriptor (LDT, TSS, call gate in long mode) whose type bits must be 0. */
    static long readUpper(Cpu cpu, int selector, int vector) {
        long address = address(cpu, selector, 16);
        if (address == -1) {
            throw fault(cpu, vector, selector, 0);
        }
        long upper = cpu.readSystem(address + 8, 8);
        if ((upper >>> 40 & 0x1f) != 0) {
            throw fault(cpu, vector, selector, 0);
        }
        return upper << 32;
    }

    /** Sets the accessed bit of a code or data descriptor in its table. @return the descriptor with it */
    static long markAccessed(Cpu cpu, int selector, long raw) {
        if ((type(raw) & ACCESSED) == 0) {
            writeType(cpu, selector, raw, type(raw) | ACCESSED);
        }
        return raw | 1L << 40;
    }

    /** Rewrites the type of a descriptor in its table: accessed and busy bits. */
    static void writeType(Cpu cpu, int selector, long raw, int type) {
        long access = raw >>> 40 & 0xe0 | type;
        cpu.writeSystem(address(cpu, selector, 8) + 5, 1, access);
    }

    /** An exception whose error code is a selector. */
    static Fault fault(Cpu cpu, int vector, int selector, int ext) {
        return cpu.fault(vector, selector & 0xfffc | ext);
    }

    /** Loads the hidden part of a segment register from a descriptor. */
    static void load(Cpu cpu, int register, int selector, long raw) {
        cpu.segment(register, selector, base(raw), limit(raw), attributes(raw));
    }
}
