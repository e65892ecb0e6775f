/**
 * What PC firmware and its successors talk to: {@link portcullis.machine.firmware.FwCfg}, by which a hypervisor hands configuration to a
 * guest, and {@link portcullis.machine.firmware.ResetPorts}, the keyboard controller and system control port as far as they reset the
 * machine. Depends on {@code machine.bus} and {@code memory}.
 */
package portcullis.machine.firmware;
