package portcullis.hypervisor.apic;

/** IA32_APIC_BASE (SDM 10.4.4, 10.12.5): where the local APIC's page is, and in which mode it is. */
record ApicBase(long value) {
    private static final int PAGE = 0x1000;

    static ApicBase afterReset(boolean bootProcessor) {
        return new ApicBase(
                LocalApic.DEFAULT_BASE | LocalApic.BASE_ENABLE | (bootProcessor ? LocalApic.BASE_BOOT_PROCESSOR : 0));
    }

    ApicMode mode() {
        if ((value & LocalApic.BASE_ENABLE) == 0) {
            return ApicMode.DISABLED;
        }
        return (value & LocalApic.BASE_X2APIC) == 0 ? ApicMode.XAPIC : ApicMode.X2APIC;
    }

    /** Whether an access to {@code gpa} is one to the APIC's page. */
    boolean covers(long gpa) {
        return mode() == ApicMode.XAPIC && (gpa & -PAGE) == (value & -PAGE);
    }

    /** Whether a guest may write {@code next} over this: no reserved bit, and a transition of SDM figure 10-27. */
    boolean allows(ApicBase next, ApicFeatures features) {
        long writable = LocalApic.BASE_BOOT_PROCESSOR
                | LocalApic.BASE_ENABLE
                | (features.x2apic() ? LocalApic.BASE_X2APIC : 0)
                | (1L << features.physicalAddressBits()) - PAGE;
        boolean impossible = (next.value & (LocalApic.BASE_X2APIC | LocalApic.BASE_ENABLE)) == LocalApic.BASE_X2APIC;
        if ((next.value & ~writable) != 0 || impossible) {
            return false;
        }
        return switch (mode()) {
            case XAPIC -> true;
            case X2APIC -> next.mode() != ApicMode.XAPIC;
            case DISABLED -> next.mode() != ApicMode.X2APIC;
        };
    }
}
