package portcullis.hypervisor.vsm;

import portcullis.engine.DescriptorTable;
import portcullis.engine.Register;
import portcullis.engine.Segment;
import portcullis.engine.SegmentRegister;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.hypercall.CallContext;
import portcullis.hypervisor.registers.SegmentRegisters;
import portcullis.memory.GuestAddressException;
import portcullis.memory.MemoryView;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.register.InitialVpContext;

/**
 * HV_INITIAL_VP_CONTEXT: the state in which a processor begins to execute a trust level. Checked as a processor checks what it
 * is entered with (SDM 27.3.1), so that a context that is accepted can execute.
 */
final class InitialContext {
    private static final int MSR_PAT = 0x277;

    private static final long CR0_PE = 1;
    private static final long CR0_PG = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long CR4_PCIDE = 1 << 17;
    private static final long EFER_LME = 1 << 8;
    private static final long EFER_LMA = 1 << 10;
    private static final long RFLAGS_VM = 1 << 17;

    private static final int PDPTES = 4;
    private static final long PDPT_ADDRESS = 0xffff_ffe0L;
    private static final long PDPTE_PRESENT = 1;
    private static final long PDPTE_RESERVED = 0x1e6;
    private static final long PAGE = 0x1000;

    private final CallContext call;
    private final int at;

    private final long rip;
    private final long rflags;
    private final long cr0;
    private final long cr3;
    private final long cr4;
    private final long efer;
    private final long pat;

    /** @param at where it begins in the call's input */
    InitialContext(CallContext call, int at) {
        this.call = call;
        this.at = at;
        rip = field(InitialVpContext.RIP);
        rflags = field(InitialVpContext.RFLAGS);
        // ET and NE are fixed to 1 where there is an x87 unit: whoever leaves them out gets them (TLFS-NOTES).
        cr0 = field(InitialVpContext.CR0) | 1 << 4;
        cr3 = field(InitialVpContext.CR3);
        cr4 = field(InitialVpContext.CR4);
        efer = field(InitialVpContext.EFER);
        pat = field(InitialVpContext.MSR_CR_PAT);
    }

    private long field(int offset) {
        return call.inputLong(at + offset);
    }

    private Segment segment(int offset) {
        return SegmentRegisters.segmentOf(field(offset), field(offset + 8));
    }

    private DescriptorTable table(int offset) {
        return SegmentRegisters.tableOf(field(offset), field(offset + 8));
    }

    /**
     * Whether a processor could be in this state.
     *
     * @param view memory as the level sees it that is to begin so
     */
    boolean acceptable(VirtualCpu cpu, MemoryView view) {
        return cpu.accepts(Register.CR0, cr0)
                && cpu.accepts(Register.CR3, cr3)
                && cpu.accepts(Register.CR4, cr4)
                && cpu.accepts(Register.EFER, efer)
                && cpu.accepts(Register.RFLAGS, rflags | 2)
                && (rflags & RFLAGS_VM) == 0
                && patAcceptable()
                && ((cr0 & CR0_PE) != 0 || view.level() == 0) // Real mode is for level 0 alone.
                && modeConsistent()
                && addressesCanonical(cpu)
                && segmentsConsistent()
                && pointersAcceptable(cpu, view);
    }

    private boolean patAcceptable() {
        for (int i = 0; i < 8; i++) {
            int type = (int) (pat >>> i * 8) & 0xff;
            if (type > 7 || type == 2 || type == 3) {
                return false;
            }
        }
        return true;
    }

    private boolean longMode() {
        return (efer & EFER_LME) != 0 && (cr0 & CR0_PG) != 0;
    }

    private boolean modeConsistent() {
        boolean active = (efer & EFER_LMA) != 0;
        boolean wide = wide();
        return active == longMode()
                && (!longMode() || (cr4 & CR4_PAE) != 0)
                && ((cr4 & CR4_PCIDE) == 0 || longMode())
                && (!wide || longMode())
                && !(wide && (segment(InitialVpContext.CS).attributes() & Segment.DB) != 0);
    }

    /** Whether code is 64-bit. */
    private boolean wide() {
        return longMode() && (segment(InitialVpContext.CS).attributes() & Segment.L) != 0;
    }

    private boolean addressesCanonical(VirtualCpu cpu) {
        return (wide() ? cpu.accepts(Register.RIP, rip) : rip >>> 32 == 0)
                && cpu.accepts(Register.RIP, table(InitialVpContext.GDTR).base())
                && cpu.accepts(Register.RIP, table(InitialVpContext.IDTR).base())
                && cpu.accepts(Register.RIP, segment(InitialVpContext.TR).base())
                && (SegmentRules.unusable(segment(InitialVpContext.LDTR))
                        || cpu.accepts(
                                Register.RIP, segment(InitialVpContext.LDTR).base()))
                && cpu.accepts(Register.RIP, segment(InitialVpContext.FS).base())
                && cpu.accepts(Register.RIP, segment(InitialVpContext.GS).base());
    }

    private boolean segmentsConsistent() {
        return (cr0 & CR0_PE) == 0
                || SegmentRules.code(segment(InitialVpContext.CS))
                        && SegmentRules.stack(segment(InitialVpContext.SS))
                        && SegmentRules.data(segment(InitialVpContext.DS))
                        && SegmentRules.data(segment(InitialVpContext.ES))
                        && SegmentRules.dataWithBase(segment(InitialVpContext.FS))
                        && SegmentRules.dataWithBase(segment(InitialVpContext.GS))
                        && SegmentRules.task(segment(InitialVpContext.TR), longMode())
                        && SegmentRules.localTable(segment(InitialVpContext.LDTR));
    }

    /** PAE paging outside long mode: what the processor loads from the table at CR3 (SDM 27.3.1.6). */
    private boolean pointersAcceptable(VirtualCpu cpu, MemoryView view) {
        if ((cr0 & CR0_PG) == 0 || (cr4 & CR4_PAE) == 0 || longMode()) {
            return true;
        }
        for (int i = 0; i < PDPTES; i++) {
            try {
                long entry = view.getLong((cr3 & PDPT_ADDRESS) + 8L * i);
                boolean address = cpu.accepts(Register.CR3, entry & -PAGE);
                if ((entry & PDPTE_PRESENT) != 0 && ((entry & PDPTE_RESERVED) != 0 || !address)) {
                    return false;
                }
            } catch (GuestAddressException nowhere) {
                return false;
            }
        }
        return true;
    }

    /** Whether a level above {@code caller} watches a register that {@link #load} would change. */
    boolean keptBy(RegisterIntercept intercepts, int caller) {
        return intercepts.keeps(caller, HvRegister.CR0, cr0)
                || intercepts.keeps(caller, HvRegister.CR4, cr4)
                || intercepts.keeps(caller, HvRegister.EFER, efer)
                || intercepts.keeps(caller, HvRegister.GDTR, 0)
                || intercepts.keeps(caller, HvRegister.IDTR, 0)
                || intercepts.keeps(caller, HvRegister.LDTR, 0)
                || intercepts.keeps(caller, HvRegister.TR, 0);
    }

    /** Puts the state into the CPU's current context, on the VP's thread. What it does not name stays as it is. */
    void load(VirtualCpu cpu) {
        cpu.setGdt(table(InitialVpContext.GDTR));
        cpu.setIdt(table(InitialVpContext.IDTR));
        // PAE paging takes pointers from memory along: not from a page that is hidden meanwhile.
        call.partition().memory().view(cpu.context()).steady(() -> {
            cpu.set(Register.EFER, efer);
            cpu.set(Register.CR4, cr4);
            cpu.set(Register.CR3, cr3);
            cpu.set(Register.CR0, cr0);
            return null;
        });
        cpu.setMsr(MSR_PAT, pat);
        load(cpu, SegmentRegister.ES, InitialVpContext.ES);
        load(cpu, SegmentRegister.CS, InitialVpContext.CS);
        load(cpu, SegmentRegister.SS, InitialVpContext.SS);
        load(cpu, SegmentRegister.DS, InitialVpContext.DS);
        load(cpu, SegmentRegister.FS, InitialVpContext.FS);
        load(cpu, SegmentRegister.GS, InitialVpContext.GS);
        load(cpu, SegmentRegister.LDTR, InitialVpContext.LDTR);
        load(cpu, SegmentRegister.TR, InitialVpContext.TR);
        cpu.set(Register.RSP, field(InitialVpContext.RSP));
        cpu.set(Register.RFLAGS, rflags | 2);
        cpu.set(Register.RIP, rip);
    }

    private void load(VirtualCpu cpu, SegmentRegister register, int offset) {
        cpu.setSegment(register, segment(offset));
    }
}
