/** Structures by which a nested hypervisor works with the one below it: enlightened VMCS and VMCB. */
package portcullis.tlfs.nested;
