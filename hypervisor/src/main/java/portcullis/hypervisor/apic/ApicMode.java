package portcullis.hypervisor.apic;

/** The states of IA32_APIC_BASE bits 11 (enable) and 10 (x2APIC) that exist (SDM 10.12.5). */
public enum ApicMode {
    DISABLED,
    XAPIC,
    X2APIC
}
