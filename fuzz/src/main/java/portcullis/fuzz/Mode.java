package portcullis.fuzz;

import portcullis.engine.DescriptorTable;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;

/** A state of the processor from which guests try to call. */
enum Mode {
    LONG(true, true, 0),
    LONG_USER(true, true, 3),
    COMPATIBILITY(true, false, 0),
    COMPATIBILITY_USER(true, false, 3),
    PROTECTED(false, false, 0),
    PROTECTED_USER(false, false, 3),
    REAL(false, false, 0),
    VIRTUAL_8086(false, false, 3);

    private static final long CR4_PAE_PGE_SSE = 1 << 5 | 1 << 7 | 1 << 9 | 1 << 10;
    private static final long EFER_LONG = 1 << 8 | 1 << 10;
    private static final long RFLAGS_VM = 1 << 17;

    private final boolean longMode;
    /** Whether the caller has 64-bit registers: EFER.LMA and CS.L. */
    final boolean wide;

    final int privilege;

    Mode(boolean longMode, boolean wide, int privilege) {
        this.longMode = longMode;
        this.wide = wide;
        this.privilege = privilege;
    }

    /** TLFS, "Legal Hypercall Environments": protected mode, privilege level 0. */
    boolean mayCall() {
        return this != REAL && this != VIRTUAL_8086 && privilege == 0;
    }

    long flags() {
        return this == VIRTUAL_8086 ? RFLAGS_VM | 2 : 2;
    }

    /** Puts a CPU into this state: no interrupts, no debugging, nothing pending. */
    void apply(VirtualCpu cpu) {
        cpu.forgetExit();
        cpu.cancelPendingEvent();
        cpu.setInterruptShadow(false);
        cpu.setNmiBlocked(true);
        cpu.set(Register.DR7, 0x400);
        cpu.set(Register.EFER, longMode ? EFER_LONG | 1 << 11 : 0);
        cpu.set(Register.CR4, CR4_PAE_PGE_SSE);
        cpu.set(Register.CR3, Layout.PAGE_TABLES);
        cpu.set(Register.CR0, longMode ? 0x80010033L : this == REAL ? 0x10L : 0x33L);
        cpu.setIdt(new DescriptorTable(Layout.IDT, 0xfff));
        cpu.setGdt(new DescriptorTable(Layout.GDT, 0x17));
        if (this == REAL || this == VIRTUAL_8086) {
            int rights = 3 | Segment.S | Segment.P | privilege << 5;
            for (SegmentRegister register : SegmentRegister.values()) {
                if (register.ordinal() < 6) {
                    cpu.setSegment(register, new Segment(0, 0, 0xffff, rights));
                }
            }
        } else {
            int data = 3 | Segment.S | Segment.P | Segment.DB | Segment.G | privilege << 5;
            int code = 0xb | Segment.S | Segment.P | Segment.G | privilege << 5 | (wide ? Segment.L : Segment.DB);
            for (SegmentRegister register : SegmentRegister.values()) {
                if (register.ordinal() < 6) {
                    cpu.setSegment(register, new Segment(0x10 | privilege, 0, -1, data));
                }
            }
            cpu.setSegment(SegmentRegister.CS, new Segment(8 | privilege, 0, -1, code));
        }
        cpu.setSegment(SegmentRegister.LDTR, new Segment(0, 0, 0xffff, 2 | Segment.P | Segment.UNUSABLE));
        cpu.setSegment(SegmentRegister.TR, new Segment(0, 0, 0x67, 0xb | Segment.P));
        cpu.set(Register.RFLAGS, flags());
        cpu.set(Register.RSP, Layout.STACKS + (cpu.index() % 16 + 1) * Layout.PAGE);
        cpu.set(Register.RIP, Layout.SPIN);
    }
}
