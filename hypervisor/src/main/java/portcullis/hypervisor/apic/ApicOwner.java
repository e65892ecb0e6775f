package portcullis.hypervisor.apic;

/**
 * Whose processor a local APIC interrupts. Called on any thread, with the local APIC's lock held: an implementation notes the
 * signal and wakes its processor, and neither blocks nor calls back.
 */
@FunctionalInterface
public interface ApicOwner {
    /** What the processor should look at its local APIC for. */
    enum Signal {
        /** {@link LocalApic#deliverable} may have an answer. */
        INTERRUPT,
        /** {@link LocalApic#takeNmis}. */
        NMI,
        /** {@link LocalApic#takeInit}. */
        INIT,
        /** {@link LocalApic#takeStartup}. */
        STARTUP
    }

    void signal(Signal signal);
}
