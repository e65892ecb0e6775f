package portcullis.hypervisor.trace;

/** Why a suspended context goes on. */
public enum ResumeReason {
    /** The last inhibit of the VP that it waited for was lifted. */
    LIFTED,
    /** INIT, which takes the hypercall with it. */
    INIT,
    /** The partition was reset. */
    RESET,
    /** The run ended. */
    STOPPED
}
