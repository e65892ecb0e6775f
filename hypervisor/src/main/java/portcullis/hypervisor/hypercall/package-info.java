/**
 * The hypercall interface (TLFS, "Hypercall Interface"): one table declares the calls, one dispatcher parses control words,
 * registers and pages, and handlers, by topic, see a {@link portcullis.hypervisor.hypercall.CallContext} with private copies of
 * their input. No handler reads a register or a guest page by itself.
 */
package portcullis.hypervisor.hypercall;
