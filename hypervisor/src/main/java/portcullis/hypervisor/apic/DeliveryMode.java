package portcullis.hypervisor.apic;

/** Delivery modes in the encoding of bits 10:8 of the ICR, of LVT entries, redirection entries and MSI data. */
public enum DeliveryMode {
    FIXED,
    LOWEST_PRIORITY,
    /** Ignored: there is no system management mode. */
    SMI,
    /** Remote read of the first APICs, reserved since. Ignored. */
    RESERVED,
    NMI,
    INIT,
    STARTUP,
    EXTERNAL;

    private static final DeliveryMode[] BY_CODE = values();

    /** The mode in bits 10:8 of {@code register}. */
    public static DeliveryMode of(int register) {
        return BY_CODE[register >>> 8 & 7];
    }
}
