/**
 * TLB flushes that one VP asks of others: what is pending on a VP, how a caller waits for it, and the four hypercalls (TLFS,
 * "Virtual MMU"). Who may not be flushed is decided in {@link portcullis.hypervisor.gate}.
 */
package portcullis.hypervisor.flush;
