package portcullis.soft.protect;

import java.util.EnumSet;
import java.util.HexFormat;
import portcullis.engine.Clock;
import portcullis.engine.DescriptorTable;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;

/**
 * A processor with 4 MiB of memory, descriptor tables and a task state segment, for tests of protection.
 *
 * <p>Every IDT entry leads to its own HLT at {@code HANDLERS + vector}, so that a test sees where an event went and what its
 * frame holds. The guest memory map is in the constants.
 */
public final class Guest implements AutoCloseable {
    public static final long PAGE_TABLES = 0x1000;
    public static final long GDT = 0x6000;
    public static final long IDT = 0x7000;
    public static final long TSS = 0x8000;
    public static final long LDT = 0x9000;
    public static final long HANDLERS = 0xa000;
    public static final long CODE = 0x10000;
    public static final long STACK0 = 0x20000;
    public static final long STACK1 = 0x22000;
    public static final long IST1 = 0x24000;
    public static final long STACK3 = 0x26000;
    public static final long DATA = 0x30000;

    // Selectors.
    public static final int CODE0 = 0x08;
    public static final int DATA0 = 0x10;
    public static final int CODE64 = 0x18;
    public static final int CODE3 = 0x23;
    public static final int DATA3 = 0x2b;
    public static final int CODE64_3 = 0x33;
    public static final int TSS_SELECTOR = 0x38; // 16 bytes
    public static final int LDT_SELECTOR = 0x48; // 16 bytes
    public static final int CODE16 = 0x58;
    public static final int DATA16 = 0x60;
    public static final int CONFORMING = 0x68;
    public static final int CODE1 = 0x71;
    public static final int DATA1 = 0x79;
    public static final int ABSENT_DATA = 0x80;
    public static final int ABSENT_CODE = 0x88;
    public static final int READ_ONLY = 0x90;
    public static final int SMALL_DATA = 0x98;
    public static final int EXECUTE_ONLY = 0xa0;
    /** First selector that tests may use for their own. */
    public static final int FREE = 0xb0;

    /** The vector of INT3, {@code cc}, which every privilege level may use: ends test code that raises no exception. */
    public static final int DONE = 3;

    private static final int GDT_LIMIT = 0x1ff;

    public final GuestMemory memory = new GuestMemory(32);
    public final VirtualCpu cpu;
    public final CpuModel.Vendor vendor;
    private final SoftEngine engine;
    private long next = CODE;

    /** The time, which passes by a tick whenever somebody looks. */
    public long ticks;

    public Guest(CpuModel.Vendor vendor) {
        this.vendor = vendor;
        memory.addRam(0, 4 << 20);
        Clock clock = new Clock() {
            @Override
            public long ticks() {
                return ticks++;
            }

            @Override
            public long frequency() {
                return 1_000_000_000;
            }
        };
        EnumSet<Feature> features = EnumSet.copyOf(CpuModel.available());
        engine = new SoftEngine(
                memory,
                clock,
                new CpuModel(vendor, features, 39, 1, clock.frequency()),
                () -> () -> ticks++ * 0x9e37_79b9_7f4a_7c15L);
        cpu = engine.createCpu(0, 0);
        cpu.setBudget(10_000);
        for (int vector = 0; vector < 256; vector++) {
            memory.putByte(HANDLERS + vector, (byte) 0xf4);
        }
        tables();
    }

    private void tables() {
        descriptor(CODE0, 0, 0xfffff, 0xc09b);
        descriptor(DATA0, 0, 0xfffff, 0xc093);
        descriptor(CODE64, 0, 0xfffff, 0xa09b);
        descriptor(CODE3, 0, 0xfffff, 0xc0fb);
        descriptor(DATA3, 0, 0xfffff, 0xc0f3);
        descriptor(CODE64_3, 0, 0xfffff, 0xa0fb);
        descriptor(TSS_SELECTOR, TSS, 0xfff, 0x0089);
        descriptor(LDT_SELECTOR, LDT, 0xff, 0x0082);
        descriptor(CODE16, 0, 0xffff, 0x009b);
        descriptor(DATA16, 0, 0xffff, 0x0093);
        descriptor(CONFORMING, 0, 0xfffff, 0xc09e);
        descriptor(CODE1, 0, 0xfffff, 0xc0bb);
        descriptor(DATA1, 0, 0xfffff, 0xc0b3);
        descriptor(ABSENT_DATA, 0, 0xfffff, 0xc013);
        descriptor(ABSENT_CODE, 0, 0xfffff, 0xc01b);
        descriptor(READ_ONLY, 0, 0xfffff, 0xc091);
        descriptor(SMALL_DATA, DATA, 0xf, 0x4093);
        descriptor(EXECUTE_ONLY, 0, 0xfffff, 0xc099);
        cpu.setGdt(new DescriptorTable(GDT, GDT_LIMIT));
    }

    /** Writes a GDT entry; {@code flags}: access byte, then G, D, L and AVL in bits 15:12. */
    public void descriptor(int selector, long base, int limit, int flags) {
        writeDescriptor(GDT + (selector & 0xfff8), base, limit, flags);
    }

    public void localDescriptor(int index, long base, int limit, int flags) {
        writeDescriptor(LDT + index * 8L, base, limit, flags);
    }

    private void writeDescriptor(long at, long base, int limit, int flags) {
        long raw = limit & 0xffff
                | (base & 0xffffff) << 16
                | (flags & 0xffL) << 40
                | (limit >>> 16 & 0xfL) << 48
                | (flags >>> 12 & 0xfL) << 52
                | (base >>> 24 & 0xff) << 56;
        memory.putLong(at, raw);
    }

    /** Writes an IDT entry of 8 bytes; {@code flags} is the access byte. */
    public void gate(int vector, int selector, long target, int flags) {
        memory.putLong(IDT + vector * 8L, gateBits(selector, target, flags, 0));
    }

    /** Writes an IDT entry of 16 bytes. */
    public void longGate(int vector, int selector, long target, int flags, int ist) {
        memory.putLong(IDT + vector * 16L, gateBits(selector, target, flags, ist));
        memory.putLong(IDT + vector * 16L + 8, target >>> 32);
    }

    public static long gateBits(int selector, long target, int flags, int low) {
        return target & 0xffff
                | (long) selector << 16
                | (long) low << 32
                | (long) flags << 40
                | (target >>> 16 & 0xffff) << 48;
    }

    /** Real mode, code at {@code CODE >> 4}:0, stack at 0:0x7000. */
    public Guest realMode() {
        for (int vector = 0; vector < 256; vector++) {
            memory.putInt(vector * 4L, (int) (HANDLERS + vector) & 0xffff);
        }
        cpu.setIdt(new DescriptorTable(0, 0x3ff));
        segment(SegmentRegister.CS, (int) CODE >> 4, CODE, 0xffff, 0x9b);
        cpu.set(Register.RIP, 0);
        cpu.set(Register.RSP, 0x7000);
        return this;
    }

    /** Protected mode without paging, privilege 0, 32-bit TSS. */
    public Guest protectedMode() {
        cpu.set(Register.CR0, 0x31);
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, CODE0, HANDLERS + vector, vector == DONE ? 0xee : 0x8e);
        }
        cpu.setIdt(new DescriptorTable(IDT, 0x7ff));
        memory.putInt(TSS + 4, (int) STACK0);
        memory.putInt(TSS + 8, DATA0);
        memory.putInt(TSS + 12, (int) STACK1);
        memory.putInt(TSS + 16, DATA1);
        memory.putShort(TSS + 102, (short) 0x2000);
        segment(SegmentRegister.TR, TSS_SELECTOR, TSS, 0xfff, 0x8b);
        segment(SegmentRegister.LDTR, LDT_SELECTOR, LDT, 0xff, 0x82);
        level(0);
        return this;
    }

    /** Long mode, identity mapped (user pages), 64-bit code, privilege 0. */
    public Guest longMode() {
        long pml4 = PAGE_TABLES;
        memory.putLong(pml4, pml4 + 0x1000 | 7);
        memory.putLong(pml4 + 0x1000, pml4 + 0x2000 | 7);
        memory.putLong(pml4 + 0x2000, pml4 + 0x3000 | 7);
        memory.putLong(pml4 + 0x2008, 0x200000 | 0x87);
        for (int page = 0; page < 512; page++) {
            memory.putLong(pml4 + 0x3000 + page * 8L, page * 4096L | 7);
        }
        cpu.set(Register.CR3, pml4);
        cpu.set(Register.CR4, 0x20);
        cpu.set(Register.EFER, 0xd01);
        cpu.set(Register.CR0, 0x80010031L);
        for (int vector = 0; vector < 256; vector++) {
            longGate(vector, CODE64, HANDLERS + vector, vector == DONE ? 0xee : 0x8e, 0);
        }
        cpu.setIdt(new DescriptorTable(IDT, 0xfff));
        memory.putLong(TSS + 4, STACK0);
        memory.putLong(TSS + 12, STACK1);
        memory.putLong(TSS + 36, IST1);
        memory.putShort(TSS + 102, (short) 0x2000);
        segment(SegmentRegister.TR, TSS_SELECTOR, TSS, 0xfff, 0x8b);
        segment(SegmentRegister.LDTR, LDT_SELECTOR, LDT, 0xff, 0x82);
        level64(0);
        return this;
    }

    /** 32-bit flat code at privilege 0, 1 or 3. */
    public Guest level(int cpl) {
        int code = cpl == 0 ? CODE0 : cpl == 1 ? CODE1 : CODE3;
        int data = cpl == 0 ? DATA0 : cpl == 1 ? DATA1 : DATA3;
        segment(SegmentRegister.CS, code, 0, -1, 0xc09b | cpl << 5);
        dataSegments(data, cpl);
        cpu.set(Register.RSP, cpl == 3 ? STACK3 : cpl == 1 ? STACK1 : STACK0);
        cpu.set(Register.RIP, CODE);
        return this;
    }

    public Guest level64(int cpl) {
        segment(SegmentRegister.CS, cpl == 0 ? CODE64 : CODE64_3, 0, -1, 0xa09b | cpl << 5);
        dataSegments(cpl == 0 ? DATA0 : DATA3, cpl);
        cpu.set(Register.RSP, cpl == 3 ? STACK3 : STACK0);
        cpu.set(Register.RIP, CODE);
        return this;
    }

    /** Virtual-8086 mode with code at {@code CODE >> 4}:0 and the stack at 0x2000:0x6000. */
    public Guest virtual8086(int iopl, long moreFlags) {
        cpu.set(Register.RFLAGS, 0x20002 | iopl << 12 | moreFlags);
        for (SegmentRegister register : SegmentRegister.values()) {
            if (register.ordinal() < 6) {
                segment(register, 0x2000, 0x20000, 0xffff, 0xf3);
            }
        }
        segment(SegmentRegister.CS, (int) CODE >> 4, CODE, 0xffff, 0xf3);
        cpu.set(Register.RSP, 0x6000);
        cpu.set(Register.RIP, 0);
        return this;
    }

    private void dataSegments(int selector, int cpl) {
        for (SegmentRegister register : SegmentRegister.values()) {
            if (register.ordinal() < 6 && register != SegmentRegister.CS) {
                segment(register, selector, 0, -1, 0xc093 | cpl << 5);
            }
        }
    }

    public void segment(SegmentRegister register, int selector, long base, int limit, int attributes) {
        cpu.setSegment(register, new Segment(selector, base, limit, attributes));
    }

    public Guest set(Register register, long value) {
        cpu.set(register, value);
        return this;
    }

    public long get(Register register) {
        return cpu.get(register);
    }

    public int selector(SegmentRegister register) {
        return cpu.segment(register).selector();
    }

    /** Appends code, in hexadecimal with spaces, at {@link #CODE}. */
    public Guest code(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        memory.write(next, bytes, 0, bytes.length);
        next += bytes.length;
        return this;
    }

    /** Lets {@link #code} start over, and the processor too where its code segment has the same base. */
    public Guest rewind() {
        next = CODE;
        cpu.set(Register.RIP, cpu.segment(SegmentRegister.CS).base() == CODE ? 0 : CODE);
        return this;
    }

    /** Runs until the processor leaves. */
    public ExitReason run() {
        return cpu.run();
    }

    /** Runs to the HLT of an IDT handler and tells whose it is. */
    public int runToHandler() {
        ExitReason reason = cpu.run();
        long handler = cpu.get(Register.RIP) - 1 - HANDLERS;
        if (reason != ExitReason.HALT || handler < 0 || handler > 255) {
            throw new AssertionError(reason + "\n" + cpu.describe());
        }
        return (int) handler;
    }

    /** Runs to an exception handler or to INT3; {@code errorCode} counts where the vector has one. */
    public void expect(int vector, int errorCode) {
        int reached = runToHandler();
        boolean wide = (cpu.get(Register.EFER) & 0x400) != 0;
        boolean hasCode = reached == 8 || reached >= 10 && reached <= 14 || reached == 17;
        long code = hasCode ? wide ? stack64(0) : stack32(0) : 0;
        if (reached != vector || hasCode && code != errorCode) {
            throw new AssertionError("exception %d(%x) instead of %d(%x)%n%s"
                    .formatted(reached, code, vector, errorCode, cpu.describe()));
        }
    }

    /** The 64-bit word {@code index} of the current stack, from its top. */
    public long stack64(int index) {
        return memory.getLong(cpu.get(Register.RSP) + index * 8L);
    }

    public int stack32(int index) {
        return memory.getInt(cpu.segment(SegmentRegister.SS).base() + cpu.get(Register.RSP) + index * 4L);
    }

    public int stack16(int index) {
        Segment stack = cpu.segment(SegmentRegister.SS);
        long pointer = cpu.get(Register.RSP) & ((stack.attributes() & Segment.DB) != 0 ? 0xffffffffL : 0xffff);
        return memory.getShort(stack.base() + pointer + index * 2L) & 0xffff;
    }

    /** Privilege level, as the stack segment has it. */
    public int cpl() {
        return cpu.segment(SegmentRegister.SS).dpl();
    }

    @Override
    public void close() {
        cpu.close();
        engine.close();
        memory.close();
    }
}
