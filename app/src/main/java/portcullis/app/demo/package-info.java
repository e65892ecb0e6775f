/**
 * {@code portcullis demo}: the flush gate at work, for people to see. One processor flushes without end, the host inhibits another's
 * flushes and lifts that again, and waits for what it can observe, never for time.
 *
 * <p>Start reading at {@link portcullis.app.demo.GateDemo}; {@link portcullis.app.demo.Stage} is where it is shown.
 */
package portcullis.app.demo;
