package portcullis.hypervisor.trace;

/**
 * When and where an event happened.
 *
 * @param time guest time in nanoseconds since the partition was made ({@link portcullis.engine.Clock}): by virtual time the same in
 *     every run. Of an event that takes time, when it began
 * @param partition 0 for the first of this process, and so on
 * @param vp VP index (TLFS), not the APIC id
 * @param vtl 0 to 2
 */
public record At(long time, int partition, int vp, int vtl) {}
