package portcullis.hypervisor.apic;

/** Who may reset and start processors by INIT and start-up messages. Asked on the sender's thread, without a local APIC's lock. */
public interface StartupGuard {
    /** Everybody. */
    StartupGuard NONE = (source, command, target) -> true;

    /**
     * Whether a message is delivered.
     *
     * @param source who sends it by its ICR; null where it is a device or the host
     * @param command what the ICR has: delivery mode INIT or STARTUP in bits 10:8, the vector in bits 7:0, the destination
     *     above bit 31 as the sender's mode lays it out
     */
    boolean admits(LocalApic source, long command, LocalApic target);
}
