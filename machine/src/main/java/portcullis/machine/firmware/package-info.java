/**
 * What PC firmware and its successors talk to: {@link portcullis.machine.firmware.FwCfg}, by which a hypervisor hands configuration to a
 * guest, {@link portcullis.machine.firmware.ResetPorts}, the keyboard controller and system control port as far as they reset the
 * machine, and {@link portcullis.machine.firmware.LegacyInterrupts}, the interrupt state that a BIOS leaves to what it starts. Depends on {@code machine.bus} and {@code memory}.
 */
package portcullis.machine.firmware;
