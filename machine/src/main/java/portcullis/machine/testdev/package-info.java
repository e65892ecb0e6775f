/**
 * Devices that exist for guests that are tests: {@link portcullis.machine.testdev.DebugExit} ends the run with a status, {@link
 * portcullis.machine.testdev.DebugConsole} prints, {@link portcullis.machine.testdev.PcTestDevice} plays with interrupt lines and
 * memory-mapped I/O. They answer as QEMU's devices of these names do. Depends on {@code machine.bus} only.
 */
package portcullis.machine.testdev;
