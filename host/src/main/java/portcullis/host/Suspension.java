package portcullis.host;

/**
 * A trust level of a VP that is suspended at a flush gate (docs/gate.md).
 *
 * @param waitingOn index of the VP whose flushes are inhibited
 * @param since guest time in nanoseconds; of a machine that was saved meanwhile, when it was restored
 * @param rip of the hypercall instruction that will be issued again
 */
public record Suspension(int waitingOn, long since, long rip) {}
