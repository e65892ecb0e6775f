/**
 * Partitions and virtual processors: what turns CPUs of an {@link portcullis.engine.Engine} into a computer's processors.
 *
 * <p>Start reading at {@link portcullis.hypervisor.Partition}, then {@code VpRunner}, the loop that every VP goes through,
 * whichever {@link portcullis.hypervisor.VpDriver} calls it. State comes in three classes: {@link
 * portcullis.hypervisor.Partition} is shared by all VPs, {@link portcullis.hypervisor.VirtualProcessor} by all trust levels of a
 * VP, {@link portcullis.hypervisor.VtlContext} is private to one level of one VP. The first two are made of parts, a topic each:
 * {@code RunControl}, {@code PartitionLevels}, {@code CircleWatch}; {@code VtlContexts}, {@code VpFlushes}, {@code VpWork}.
 *
 * <p>Depends on {@code engine} and {@code memory}. Knows nothing of devices ({@link portcullis.hypervisor.IoHandler} is
 * all it sees of them) nor of how instructions are executed.
 */
package portcullis.hypervisor;
