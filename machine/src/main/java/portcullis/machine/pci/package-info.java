/**
 * PCI: the host bridge with both configuration mechanisms, functions with their registers, BARs, MSI-X and interrupt pins.
 *
 * <p>Depends on {@code machine.bus} for the windows that BARs open and on {@code hypervisor.apic} for messages. One bus, no
 * bridges. Locks are taken in this order: the host's (configuration writes, where BARs lie), a device's own, a function's, and
 * last those of {@link portcullis.machine.pci.Msix} and {@link portcullis.machine.pci.PciInterrupts}. Start reading at
 * {@link portcullis.machine.pci.PciHost}.
 */
package portcullis.machine.pci;
