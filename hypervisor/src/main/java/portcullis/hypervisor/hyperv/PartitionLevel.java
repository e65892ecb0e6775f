package portcullis.hypervisor.hyperv;

import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * What a partition has once for each trust level: guest OS identity, hypercall page, reference TSC page (TLFS, "Hypercall
 * Interface", "Timers"; vsm.md, "VTL state isolation"). Any VP's thread.
 */
public final class PartitionLevel implements Saved {
    private static final long ENABLE = 1;
    private static final long LOCKED = 2;
    private static final long PAGE_NUMBER = -4096L;

    private static final int SEQUENCE = 0;
    private static final int SCALE = 8;
    private static final int OFFSET = 16;

    private final GuestMemory memory;
    private final MemoryView view;
    private final ReferenceTime time;
    private final byte[] hypercallCode;

    private volatile long guestOsId;
    private long hypercall;
    private OverlayPage hypercallPage;
    private volatile long hypercallGpa = -1;
    private long referenceTsc;
    private OverlayPage tscPage;

    /** @param hypercallCode what the hypercall page holds; the rest of it is zero */
    public PartitionLevel(GuestMemory memory, int level, ReferenceTime time, byte[] hypercallCode) {
        this.memory = memory;
        view = memory.view(level);
        this.time = time;
        this.hypercallCode = hypercallCode.clone();
    }

    /** HV_X64_MSR_GUEST_OS_ID; not zero: hypercalls may be made. */
    public long guestOsId() {
        return guestOsId;
    }

    /** Zero takes the hypercall page away. */
    public synchronized void setGuestOsId(long value) {
        guestOsId = value;
        if (value == 0) {
            // The lock is on where the page is, and yields to this (TLFS: the page becomes disabled).
            hypercall &= ~ENABLE;
            placeHypercallPage();
        }
    }

    /** HV_X64_MSR_HYPERCALL. */
    public synchronized long hypercall() {
        return hypercall;
    }

    /**
     * The text does not say what becomes of a write once the register is locked. #GP, as by Microsoft's own code: who moves the page
     * and is told that it has moved would call into something else.
     *
     * @return false where WRMSR raises #GP: a page beyond the guest's address space, or the register is locked
     */
    public synchronized boolean setHypercall(long value) {
        if ((hypercall & LOCKED) != 0) {
            return false;
        }
        if ((value & ENABLE) != 0 && (value & PAGE_NUMBER) + 4096 - memory.limit() > 0 || value < 0) {
            return false;
        }
        hypercall = guestOsId == 0 ? value & ~ENABLE : value;
        placeHypercallPage();
        return true;
    }

    private void placeHypercallPage() {
        if (hypercallPage != null) {
            view.remove(hypercallPage);
        }
        hypercallGpa = -1;
        if ((hypercall & ENABLE) == 0) {
            return;
        }
        if (hypercallPage == null) {
            hypercallPage = memory.newOverlay(false);
            for (int i = 0; i < hypercallCode.length; i++) {
                hypercallPage.putByte(i, hypercallCode[i]);
            }
        }
        hypercallGpa = hypercall & PAGE_NUMBER;
        view.place(hypercallPage, hypercallGpa);
    }

    /** Whether a write there hits the hypercall page: the guest gets #GP for it. */
    public boolean isHypercallPage(long gpa) {
        return (gpa & PAGE_NUMBER) == hypercallGpa;
    }

    /** HV_X64_MSR_REFERENCE_TSC. */
    public synchronized long referenceTsc() {
        return referenceTsc;
    }

    public synchronized void setReferenceTsc(long value) {
        referenceTsc = value;
        if (tscPage != null) {
            view.remove(tscPage);
        }
        long gpa = value & PAGE_NUMBER;
        if ((value & ENABLE) == 0 || gpa < 0 || gpa >= memory.limit()) {
            return;
        }
        if (tscPage == null) {
            tscPage = memory.newOverlay(false);
            tscPage.putLong(SCALE, time.scale());
            tscPage.putLong(OFFSET, time.offset());
            tscPage.putInt(SEQUENCE, 1);
        }
        view.place(tscPage, gpa);
    }

    /** Back to what a new partition has. */
    public synchronized void reset() {
        hypercall = 0;
        setGuestOsId(0);
        setReferenceTsc(0);
    }

    // Saved state: where the pages lie, the level's view says

    @Override
    public synchronized void save(StateWriter out) {
        out.putLong(guestOsId);
        out.putLong(hypercall);
        out.putLong(hypercallGpa);
        out.putLong(referenceTsc);
        OverlayPage.save(hypercallPage, out);
        OverlayPage.save(tscPage, out);
    }

    @Override
    public synchronized void restore(StateReader in) {
        guestOsId = in.getLong();
        hypercall = in.getLong();
        hypercallGpa = in.getLong();
        referenceTsc = in.getLong();
        hypercallPage = memory.restoreOverlay(in);
        tscPage = memory.restoreOverlay(in);
    }
}
