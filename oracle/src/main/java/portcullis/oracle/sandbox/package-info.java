/**
 * Running short user-mode programs on a processor, real or emulated, from a complete register state to a complete register
 * state.
 *
 * <p>Start at {@link portcullis.oracle.sandbox.Layout} and {@link portcullis.oracle.sandbox.Trampoline}: the same bytes run at
 * the same virtual addresses on every {@link portcullis.oracle.sandbox.Processor}. Depends on {@code memory} and {@code
 * engine}.
 */
package portcullis.oracle.sandbox;
