package portcullis.soft.cpu;

import portcullis.engine.Access;
import portcullis.engine.Segment;
import portcullis.memory.GuestMemory;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;

/** CR0, CR3, CR4, EFER and PKRU: what they accept and what follows from a change (SDM 2.5, 4.1.2, 4.10.4.1). */
public abstract class ControlRegisters extends Segmentation {
    public static final long CR0_MP = 1L << 1;
    public static final long CR0_EM = 1L << 2;
    public static final long CR0_TS = 1L << 3;
    public static final long CR0_ET = 1L << 4;
    public static final long CR0_NE = 1L << 5;
    public static final long CR0_NW = 1L << 29;
    public static final long CR0_CD = 1L << 30;

    public static final long CR4_VME = 1;
    public static final long CR4_PVI = 1L << 1;
    public static final long CR4_TSD = 1L << 2;
    public static final long CR4_DE = 1L << 3;
    public static final long CR4_MCE = 1L << 6;
    public static final long CR4_PCE = 1L << 8;
    public static final long CR4_OSFXSR = 1L << 9;
    public static final long CR4_OSXMMEXCPT = 1L << 10;
    public static final long CR4_UMIP = 1L << 11;
    public static final long CR4_FSGSBASE = 1L << 16;
    public static final long CR4_OSXSAVE = 1L << 18;

    public static final long EFER_SCE = 1;
    public static final long EFER_LME = 1L << 8;

    public final CpuModel model;

    protected ControlRegisters(GuestMemory memory, CpuModel model) {
        super(memory, model.physicalBits());
        this.model = model;
    }

    @Override
    protected final boolean offersSmep() {
        return model.has(Feature.SMEP);
    }

    /** Loads the PDPTE registers. @return whether the table is fit for it */
    private boolean loadPdptes(long address) {
        boolean loaded = walker.loadPdptes(address);
        if (walker.denied && !committed) {
            throw denied(walker.entryAddress, 0, false, Access.READ, true);
        }
        return loaded;
    }

    /** MOV to CR0, LMSW and their kind; all checks (SDM 2.5, 4.1.2). */
    public final void writeCr0(long value) {
        long old = cr0();
        long known = CR0_PE
                | CR0_MP
                | CR0_EM
                | CR0_TS
                | CR0_ET
                | CR0_NE
                | PageWalker.CR0_WP
                | CR0_AM
                | CR0_NW
                | CR0_CD
                | PageWalker.CR0_PG;
        if (value >>> 32 != 0) {
            throw fault(Fault.GP, 0);
        }
        long next = value & known | CR0_ET;
        boolean paging = (next & PageWalker.CR0_PG) != 0;
        if ((paging && (next & CR0_PE) == 0) || ((next & CR0_NW) != 0 && (next & CR0_CD) == 0)) {
            throw fault(Fault.GP, 0);
        }
        if (!paging && (cr4() & PageWalker.CR4_PCIDE) != 0) {
            throw fault(Fault.GP, 0);
        }
        boolean wasPaging = (old & PageWalker.CR0_PG) != 0;
        long newEfer = efer();
        if (paging && !wasPaging) {
            if ((newEfer & EFER_LME) != 0) {
                if ((cr4() & PageWalker.CR4_PAE) == 0 || (segmentAttributes(CS) & Segment.L) != 0) {
                    throw fault(Fault.GP, 0);
                }
                newEfer |= PageWalker.EFER_LMA;
            }
        } else if (!paging && wasPaging) {
            if (is64()) {
                throw fault(Fault.GP, 0);
            }
            newEfer &= ~PageWalker.EFER_LMA;
        }
        if (paging
                && (newEfer & PageWalker.EFER_LMA) == 0
                && (cr4() & PageWalker.CR4_PAE) != 0
                && ((old ^ next) & (PageWalker.CR0_PG | CR0_CD | CR0_NW)) != 0
                && !loadPdptes(cr3() & 0xffffffe0L)) {
            throw fault(Fault.GP, 0);
        }
        field(State.EFER, newEfer);
        field(State.CR0, next);
        pagingChanged();
        if (((old ^ next) & (PageWalker.CR0_PG | CR0_PE)) != 0) {
            flushAll();
        } else if (((old ^ next) & PageWalker.CR0_WP) != 0) {
            flushRights();
        }
        modeChanged();
    }

    /** MOV to CR3; bit 63 keeps cached translations where PCIDs are on. */
    public final void writeCr3(long value) {
        boolean pcids = (cr4() & PageWalker.CR4_PCIDE) != 0;
        boolean keep = pcids && value < 0;
        long next = pcids ? value & Long.MAX_VALUE : value;
        if (isLong()) {
            if (next >>> model.physicalBits() != 0) {
                throw fault(Fault.GP, 0);
            }
        } else {
            next &= 0xffffffffL;
            if ((cr0() & PageWalker.CR0_PG) != 0
                    && (cr4() & PageWalker.CR4_PAE) != 0
                    && !loadPdptes(next & 0xffffffe0L)) {
                throw fault(Fault.GP, 0);
            }
        }
        field(State.CR3, next);
        pagingChanged();
        if (!keep) {
            flushSpace(currentPcid());
        }
    }

    /** MOV to CR4; all checks. */
    public final void writeCr4(long value) {
        long old = cr4();
        if ((value & ~model.cr4Allowed()) != 0) {
            throw fault(Fault.GP, 0);
        }
        if (isLong() && ((value & PageWalker.CR4_PAE) == 0 || ((old ^ value) & PageWalker.CR4_LA57) != 0)) {
            throw fault(Fault.GP, 0);
        }
        if ((value & PageWalker.CR4_PCIDE) != 0
                && (old & PageWalker.CR4_PCIDE) == 0
                && (!isLong() || (cr3() & 0xfff) != 0)) {
            throw fault(Fault.GP, 0);
        }
        long layout = PageWalker.CR4_PAE | PageWalker.CR4_PSE | PageWalker.CR4_PGE | PageWalker.CR4_SMEP;
        if (!isLong()
                && (cr0() & PageWalker.CR0_PG) != 0
                && (value & PageWalker.CR4_PAE) != 0
                && ((old ^ value) & layout) != 0
                && !loadPdptes(cr3() & 0xffffffe0L)) {
            throw fault(Fault.GP, 0);
        }
        field(State.CR4, value);
        pagingChanged();
        if (((old ^ value) & (layout | PageWalker.CR4_PCIDE | PageWalker.CR4_LA57)) != 0) {
            flushAll();
        } else {
            flushRights();
        }
    }

    /** WRMSR to EFER. */
    public final void writeEfer(long value) {
        if ((value & ~model.eferAllowed()) != 0) {
            throw fault(Fault.GP, 0);
        }
        long old = efer();
        if (((old ^ value) & EFER_LME) != 0 && (cr0() & PageWalker.CR0_PG) != 0) {
            throw fault(Fault.GP, 0);
        }
        field(State.EFER, value & ~PageWalker.EFER_LMA | old & PageWalker.EFER_LMA);
        pagingChanged();
        if (((old ^ value) & PageWalker.EFER_NXE) != 0) {
            flushAll();
        }
        modeChanged();
    }

    /** WRPKRU and XRSTOR. */
    public final void writePkru(int value) {
        if (field32(State.PKRU) != value) {
            field32(State.PKRU, value);
            pagingChanged();
            flushRightsOfAll();
        }
    }

    public final void invalidatePage(long la) {
        flushPage(la, currentPcid(), true);
    }

    /** INVPCID types (SDM volume 2). */
    public final void invalidatePcid(int type, int space, long la) {
        switch (type) {
            case 0 -> flushPage(la, space, false);
            case 1 -> flushSpace(space);
            case 2 -> flushAll();
            default -> flushAllNonGlobal();
        }
    }
}
