/**
 * Firmware tables (ACPI 6.5) and the one fixed ACPI device, power management.
 *
 * <p>There is no firmware: {@link portcullis.machine.acpi.AcpiTables} writes the tables into guest memory before the first
 * instruction. The DSDT is AML written by {@link portcullis.machine.acpi.Aml}; what it says of PCI interrupts comes from
 * {@link portcullis.machine.pci.PciInterrupts}. Start reading at {@link portcullis.machine.acpi.AcpiTables}.
 */
package portcullis.machine.acpi;
