/**
 * The synthetic interrupt controller, its timers, and what a guest and the host say to each other through it (TLFS
 * inter-partition-communication.md, virtual-interrupts.md, timers.md).
 *
 * <p>A {@link portcullis.hypervisor.synic.Synic} belongs to one VP at one trust level and extends its local APIC. It is reached from
 * three sides: the VP's thread (MSRs), alarms ({@link portcullis.hypervisor.synic.SyntheticTimer}), and whoever sends: devices,
 * hypercalls of other VPs, the hypervisor itself. The partition's {@link portcullis.hypervisor.synic.Connections} are where messages
 * and events of the guest go, and where the host makes ports into the guest. Start reading at {@code Synic}.
 *
 * <p>Locks: that of a {@code Synic} is taken before its local APIC's and an alarm's; the local APIC calls in without its own. Depends
 * on {@code apic}, {@code time}, {@code trace}, and {@code hyperv} for reference time.
 */
package portcullis.hypervisor.synic;
