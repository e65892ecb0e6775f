package portcullis.hypervisor.trace;

/** What one trust level of a VP is about. */
public enum RunState {
    RUNNING,
    HALTED,
    /** After reset or INIT of an application processor. */
    WAIT_FOR_STARTUP,
    /** At a gate: the {@link TraceEvent.Suspend} before it says on whom. */
    SUSPENDED,
    /** Another level of the VP is active. */
    INACTIVE
}
