package portcullis.machine.loader;

import java.util.EnumMap;
import java.util.Map;
import portcullis.engine.DescriptorTable;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;

/**
 * The state in which a loaded kernel's first processor starts; what is not named stays as a reset leaves it.
 *
 * @param registers general and control registers to set
 * @param segments segment registers to set, hidden parts included
 * @param gdt descriptor table that the segments come from
 * @param idt with limit 0 where the kernel brings its own: an exception before that shuts the processor down
 */
public record EntryState(
        Map<Register, Long> registers,
        Map<SegmentRegister, Segment> segments,
        DescriptorTable gdt,
        DescriptorTable idt) {
    private static final long CR0_PE = 1;
    private static final long CR0_ET = 1 << 4;
    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long EFER_LME_LMA = 1 << 8 | 1 << 10;
    private static final long RFLAGS_FIXED = 1 << 1;

    private static final int CODE = 0xb;
    private static final int DATA = 0x3;
    private static final int TSS32_BUSY = 0xb;
    private static final int FLAT = Segment.S | Segment.P | Segment.G;

    public EntryState {
        registers = Map.copyOf(registers);
        segments = Map.copyOf(segments);
    }

    /** Long mode, paging on, flat segments as the Linux boot protocol wants them (__BOOT_CS, __BOOT_DS). */
    static EntryState longMode(long entry, BootTables tables, Map<Register, Long> arguments) {
        Map<Register, Long> registers = start(entry, arguments);
        registers.put(Register.CR0, CR0_PE | CR0_ET | CR0_PG);
        registers.put(Register.CR3, tables.pageMap());
        registers.put(Register.CR4, CR4_PAE);
        registers.put(Register.EFER, EFER_LME_LMA);
        Segment code = new Segment(BootTables.CODE, 0, -1, FLAT | Segment.L | CODE);
        return flat(registers, code, tables);
    }

    /** 32-bit protected mode, paging off, flat segments. */
    static EntryState protectedMode(long entry, BootTables tables, Map<Register, Long> arguments) {
        Map<Register, Long> registers = start(entry, arguments);
        registers.put(Register.CR0, CR0_PE | CR0_ET);
        Segment code = new Segment(BootTables.CODE, 0, -1, FLAT | Segment.DB | CODE);
        return flat(registers, code, tables);
    }

    /** Real mode at 0:{@code ip}, as a BIOS starts a boot sector. */
    static EntryState realMode(int ip, Map<Register, Long> arguments) {
        Map<SegmentRegister, Segment> segments = new EnumMap<>(SegmentRegister.class);
        for (SegmentRegister register : SegmentRegister.values()) {
            if (register.ordinal() <= SegmentRegister.GS.ordinal()) {
                int type = register == SegmentRegister.CS ? CODE : DATA;
                segments.put(register, new Segment(0, 0, 0xffff, Segment.S | Segment.P | type));
            }
        }
        // The interrupt vector table: 256 far pointers at 0.
        return new EntryState(
                start(ip, arguments), segments, new DescriptorTable(0, 0xffff), new DescriptorTable(0, 0x3ff));
    }

    private static Map<Register, Long> start(long entry, Map<Register, Long> arguments) {
        Map<Register, Long> registers = new EnumMap<>(Register.class);
        registers.put(Register.RFLAGS, RFLAGS_FIXED);
        registers.put(Register.RIP, entry);
        registers.putAll(arguments);
        return registers;
    }

    private static EntryState flat(Map<Register, Long> registers, Segment code, BootTables tables) {
        Map<SegmentRegister, Segment> segments = new EnumMap<>(SegmentRegister.class);
        segments.put(SegmentRegister.CS, code);
        for (SegmentRegister register : new SegmentRegister[] {
            SegmentRegister.DS, SegmentRegister.ES, SegmentRegister.SS, SegmentRegister.FS, SegmentRegister.GS
        }) {
            segments.put(register, new Segment(BootTables.DATA, 0, -1, FLAT | Segment.DB | DATA));
        }
        segments.put(SegmentRegister.LDTR, new Segment(0, 0, 0, Segment.UNUSABLE));
        // A 32-bit task state segment of 104 bytes: what the PVH protocol asks for, harmless elsewhere.
        segments.put(SegmentRegister.TR, new Segment(BootTables.TASK, 0, 0x67, Segment.P | TSS32_BUSY));
        return new EntryState(registers, segments, tables.gdt(), new DescriptorTable(0, 0));
    }

    /** Puts this state into a processor that has been reset. On the thread that owns it. */
    public void applyTo(VirtualCpu cpu) {
        cpu.setGdt(gdt);
        cpu.setIdt(idt);
        // In the enumeration's order, with EFER before CR0, as a kernel would do it.
        for (Register register : new Register[] {Register.CR4, Register.CR3, Register.EFER, Register.CR0}) {
            if (registers.containsKey(register)) {
                cpu.set(register, registers.get(register));
            }
        }
        segments.forEach(cpu::setSegment);
        for (Register register : Register.values()) {
            if (registers.containsKey(register) && !control(register)) {
                cpu.set(register, registers.get(register));
            }
        }
    }

    private static boolean control(Register register) {
        return switch (register) {
            case CR0, CR3, CR4, EFER -> true;
            default -> false;
        };
    }
}
