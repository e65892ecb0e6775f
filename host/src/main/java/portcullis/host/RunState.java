package portcullis.host;

/** What a trust level of a VP is about. */
public enum RunState {
    /** Executes instructions, where the machine is not paused and no higher level of the VP is active. */
    RUNNING,
    /** After HLT: until an interrupt that is not masked, NMI, INIT or reset. */
    HALTED,
    /** Virtual idle (TLFS, HV_X64_MSR_GUEST_IDLE): until an interrupt, masked by RFLAGS.IF or not, NMI, INIT or reset. */
    IDLE,
    /** An application processor before its start-up IPI. */
    WAIT_FOR_STARTUP,
    /** At a flush gate, on a hypercall: {@link VpLevel#suspension}. */
    SUSPENDED
}
