package portcullis.hypervisor.apic;

/** The 8259 pair as a processor sees it through a pin in ExtINT mode. Thread-safe. */
public interface ExternalInterruptController {
    /** Whether INTR is asserted. */
    boolean pending();

    /** The interrupt acknowledge cycle. @return the vector, 0 to 255; the spurious one where the request has gone */
    int acknowledge();
}
