package portcullis.hypervisor.apic;

/**
 * What CPUID says of local APICs; what it does not say is refused.
 *
 * @param x2apic CPUID.1:ECX[21]
 * @param tscDeadline CPUID.1:ECX[24]
 * @param physicalAddressBits CPUID.80000008H:EAX[7:0]: IA32_APIC_BASE bits from here up are reserved
 */
public record ApicFeatures(boolean x2apic, boolean tscDeadline, int physicalAddressBits) {
    public ApicFeatures {
        if (physicalAddressBits < 32 || physicalAddressBits > 52) {
            throw new IllegalArgumentException("physical addresses have 32 to 52 bits, not " + physicalAddressBits);
        }
    }
}
