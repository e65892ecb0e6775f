package portcullis.hypervisor.hyperv;

import portcullis.hypervisor.apic.LocalApic;
import portcullis.memory.GuestMemory;
import portcullis.memory.MemoryView;
import portcullis.memory.OverlayPage;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The VP assist page of one trust level of one VP (TLFS, "Virtual Processor Assist Page"). The VP's thread. */
public final class VpAssistPage {
    private static final long ENABLE = 1;
    private static final long PAGE_NUMBER = -4096L;

    private final GuestMemory memory;
    private final LocalApic apic;
    private final MemoryView view;
    private long register;
    private OverlayPage page;
    private boolean placed;

    /** @param apic of the same VP and level: the guest may end its interrupts in the page */
    public VpAssistPage(GuestMemory memory, int level, LocalApic apic) {
        this.memory = memory;
        this.apic = apic;
        view = memory.view(level);
    }

    /** HV_X64_MSR_VP_ASSIST_PAGE. */
    public long register() {
        return register;
    }

    /** @return false where WRMSR raises #GP: a page beyond the guest's address space */
    public boolean setRegister(long value) {
        long gpa = value & PAGE_NUMBER;
        boolean enable = (value & ENABLE) != 0;
        if (enable && (gpa < 0 || gpa >= memory.limit())) {
            return false;
        }
        register = value;
        if (placed) {
            apic.setEoiAssist(null);
            view.remove(page);
            placed = false;
        }
        if (enable) {
            if (page == null) {
                page = memory.newOverlay(true);
            }
            page.clear();
            view.place(page, gpa);
            placed = true;
            apic.setEoiAssist(new AssistPageEoi(page));
        }
        return true;
    }

    /** The page, where it is enabled; else null. */
    public OverlayPage page() {
        return placed ? page : null;
    }

    public void reset() {
        setRegister(0);
    }

    /** Where the page lies, its level's view says. */
    public void save(StateWriter out) {
        out.putLong(register);
        out.putBoolean(placed);
        OverlayPage.save(page, out);
    }

    public void restore(StateReader in) {
        register = in.getLong();
        placed = in.getBoolean();
        page = memory.restoreOverlay(in);
        if (placed && page == null) {
            throw in.refused("has placed a page that it has not");
        }
        if (placed) {
            apic.setEoiAssist(new AssistPageEoi(page));
        }
    }
}
