/**
 * Which VP runs when. By the host's time: {@link portcullis.hypervisor.schedule.HostCores}, where so asked.
 * By virtual time: runs in which the order of everything follows from a seed (DESIGN.md 3, "Time"): one thread, virtual time, and an {@link
 * portcullis.hypervisor.schedule.Interleaving} that picks who runs and for how long. {@link
 * portcullis.hypervisor.schedule.Schedule} says what kinds there are: a random walk, and random priorities.
 *
 * <p>Start reading at {@link portcullis.hypervisor.schedule.SeededScheduler}. Depends on {@code hypervisor} and {@code
 * hypervisor.time}.
 */
package portcullis.hypervisor.schedule;
