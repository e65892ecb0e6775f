/**
 * The user's end of the guest's serial port: the terminal in raw mode, the escape key, output that is never lost.
 *
 * <p>Knows bytes and terminals, nothing of machines.
 */
package portcullis.app.console;
