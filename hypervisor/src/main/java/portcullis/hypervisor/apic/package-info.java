/**
 * Local APICs and the way messages take between them (SDM volume 3, chapters 10 and 11).
 *
 * <p>Start reading at {@link portcullis.hypervisor.apic.LocalApic}: one belongs to each VP and trust level. {@link
 * portcullis.hypervisor.apic.InterruptFabric} finds the targets of inter-processor and message-signalled interrupts. Both
 * depend on {@code hypervisor.time} for timers and on nothing that executes instructions.
 *
 * <p>Locks: a local APIC has one of its own and holds it while it changes its state and tells its {@link
 * portcullis.hypervisor.apic.ApicOwner}. It holds no lock while it calls the fabric, an {@link
 * portcullis.hypervisor.apic.EoiListener} or an {@link portcullis.hypervisor.apic.ExternalInterruptController}, so that
 * those may call local APICs from under their own locks.
 */
package portcullis.hypervisor.apic;
