/**
 * The real-time clock with its battery-backed memory. Start at {@link portcullis.machine.cmos.Rtc}; {@link
 * portcullis.machine.cmos.TimeFormat} knows how time looks in registers, {@link portcullis.machine.cmos.WallTime} where it comes from.
 * Depends on {@code machine.bus}, {@code machine.timer} and {@code hypervisor.time}.
 */
package portcullis.machine.cmos;
