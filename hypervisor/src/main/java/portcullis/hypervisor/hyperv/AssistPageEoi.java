package portcullis.hypervisor.hyperv;

import portcullis.hypervisor.apic.EoiAssist;
import portcullis.memory.OverlayPage;
import portcullis.tlfs.page.AssistPage.VpAssistPage;

/** The EOI assist field of a VP assist page. */
final class AssistPageEoi implements EoiAssist {
    private static final int NO_EOI_REQUIRED = VpAssistPage.APIC_ASSIST_NO_EOI_REQUIRED;

    private final OverlayPage page;

    /** @param page of the same VP and trust level as the local APIC */
    AssistPageEoi(OverlayPage page) {
        this.page = page;
    }

    @Override
    public void offer() {
        page.getAndSetBits(VpAssistPage.APIC_ASSIST, NO_EOI_REQUIRED);
    }

    @Override
    public boolean offered() {
        return (page.getInt(VpAssistPage.APIC_ASSIST) & NO_EOI_REQUIRED) != 0;
    }

    @Override
    public boolean withdraw() {
        return (page.getAndClearBits(VpAssistPage.APIC_ASSIST, NO_EOI_REQUIRED) & NO_EOI_REQUIRED) != 0;
    }
}
