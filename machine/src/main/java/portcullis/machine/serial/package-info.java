/**
 * The serial port. Start at {@link portcullis.machine.serial.Uart16550}: registers and interrupts on the guest's side, a sink
 * and a bounded queue on the host's. Depends on {@code machine.bus} and {@code hypervisor.time} only.
 */
package portcullis.machine.serial;
