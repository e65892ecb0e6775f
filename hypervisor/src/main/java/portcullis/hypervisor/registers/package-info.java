/**
 * The state of a virtual processor under the names of HV_REGISTER_NAME (TLFS): what HvCallGetVpRegisters reads and
 * HvCallSetVpRegisters writes. A group a class; {@link portcullis.hypervisor.registers.VpRegisters} finds the group.
 */
package portcullis.hypervisor.registers;
