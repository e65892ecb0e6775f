/**
 * Devices that exist for guests that are tests: {@link portcullis.machine.testdev.DebugExit} ends the run with a status, {@link
 * portcullis.machine.testdev.DebugConsole} prints, {@link portcullis.machine.testdev.PcTestDevice} plays with interrupt lines and
 * memory-mapped I/O. They answer as QEMU's devices of these names do. {@link portcullis.machine.testdev.HypervTestDevice}
 * leads messages and events back into a guest that tests the hypervisor interface. Depends on {@code machine.bus}, and the last on
 * {@code hypervisor.synic}.
 */
package portcullis.machine.testdev;
