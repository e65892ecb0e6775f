package portcullis.engine;

/**
 * An event that has been injected and not yet delivered.
 *
 * @param external an external interrupt; else an exception, delivered as a fault
 * @param errorCode 0 without one
 */
public record PendingEvent(boolean external, int vector, boolean hasErrorCode, int errorCode) {}
