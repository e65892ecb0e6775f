/**
 * The interrupt controllers outside the processors: {@link portcullis.machine.interrupt.Pic8259Pair} and {@link
 * portcullis.machine.interrupt.IoApic}. Devices drive their lines; they call out to local APICs with no lock of their own held, so
 * that a local APIC may call in (acknowledge, end of interrupt) with its locks held. Depends on {@code machine.bus} and the
 * local APICs' side of the wire in {@code hypervisor.apic}.
 */
package portcullis.machine.interrupt;
