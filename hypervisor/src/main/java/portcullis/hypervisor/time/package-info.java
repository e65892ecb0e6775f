/**
 * Time as guests see it, and what falls due in it.
 *
 * <p>By the host's clock: {@link portcullis.hypervisor.time.HostAlarms}, a timer thread. By instructions retired: {@link
 * portcullis.hypervisor.time.VirtualAlarms}, run by the deterministic scheduler between two slices. Depends on {@code
 * engine} for {@link portcullis.engine.Clock} only.
 */
package portcullis.hypervisor.time;
