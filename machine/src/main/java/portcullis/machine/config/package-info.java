/**
 * What a machine is made of, as data. {@link portcullis.machine.config.MachineConfig} is all that decides what the guest sees;
 * {@link portcullis.machine.config.HostAttachments} are the host's ends of its wires.
 */
package portcullis.machine.config;
