/**
 * The interval timer: start at {@link portcullis.machine.timer.Pit8254}. Counters are never stepped: what they show is computed from
 * the clock when somebody looks, and one alarm waits for the next change of the output that raises interrupts. Depends on {@code
 * machine.bus} and {@code hypervisor.time}.
 */
package portcullis.machine.timer;
