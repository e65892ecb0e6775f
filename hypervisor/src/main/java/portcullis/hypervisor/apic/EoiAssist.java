package portcullis.hypervisor.apic;

/**
 * The bit "No EOI required" that a guest finds in memory (TLFS virtual-interrupts.md, "EOI Assist"; the VP assist page). While it is
 * set the guest ends the interrupt in service by clearing the bit, without an exit. Called on the VP's thread, without locks.
 */
public interface EoiAssist {
    /** Sets the bit. */
    void offer();

    /** Whether the bit is still set: the guest has not ended the interrupt. */
    boolean offered();

    /** Clears the bit, atomically. @return whether it was set: the guest has not ended the interrupt, and will do so by a write to EOI */
    boolean withdraw();
}
