/**
 * Saving a partition to a file and restoring it. Start reading at {@link portcullis.hypervisor.state.PartitionImage}; what a
 * component writes is the component's business ({@link portcullis.state.Saved}).
 *
 * <p>Depends on {@code hypervisor}, {@code memory} and {@code state}.
 */
package portcullis.hypervisor.state;
