package portcullis.hypervisor.registers;

import portcullis.engine.DescriptorTable;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** Segment and descriptor table registers: HV_X64_SEGMENT_REGISTER, HV_X64_TABLE_REGISTER. */
public final class SegmentRegisters implements RegisterGroup {
    /** Attributes that a descriptor has: bits 11:8 hold nothing. */
    private static final int ATTRIBUTES = 0xf0ff;

    private static final int NULL_MASK = 0xfffc;

    private final VirtualCpu cpu;

    SegmentRegisters(VirtualCpu cpu) {
        this.cpu = cpu;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        switch (name) {
            case IDTR -> table(cpu.idt(), into);
            case GDTR -> table(cpu.gdt(), into);
            default -> {
                Segment segment = cpu.segment(register(name));
                into.low = segment.base();
                into.high = segment.limit() & 0xffff_ffffL
                        | (long) segment.selector() << 32
                        | (long) (segment.attributes() & ATTRIBUTES) << 48;
            }
        }
        return HvStatus.SUCCESS;
    }

    private static void table(DescriptorTable table, RegisterValue into) {
        into.low = (long) table.limit() << 48;
        into.high = table.base();
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        switch (name) {
            case IDTR -> cpu.setIdt(tableOf(value.low, value.high));
            case GDTR -> cpu.setGdt(tableOf(value.low, value.high));
            default -> cpu.setSegment(register(name), segmentOf(value.low, value.high));
        }
        return HvStatus.SUCCESS;
    }

    private static SegmentRegister register(HvRegister name) {
        return SegmentRegister.valueOf(name.name());
    }

    /** An HV_X64_TABLE_REGISTER from its two halves. */
    public static DescriptorTable tableOf(long low, long high) {
        return new DescriptorTable(high, (int) (low >>> 48));
    }

    /** An HV_X64_SEGMENT_REGISTER from its two halves. */
    public static Segment segmentOf(long low, long high) {
        int selector = (int) (high >>> 32) & 0xffff;
        int attributes = (int) (high >>> 48) & ATTRIBUTES;
        boolean unusable = (attributes & Segment.P) == 0 || (selector & NULL_MASK) == 0 && attributes == 0;
        return new Segment(selector, low, (int) high, attributes | (unusable ? Segment.UNUSABLE : 0));
    }
}
