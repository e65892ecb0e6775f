package portcullis.hypervisor.time;

import portcullis.engine.Clock;

/**
 * Makes alarms on one {@link Clock}. Actions run on a thread of the implementation (by host time) or between two slices of
 * guest execution (by virtual time); they must be short, may raise interrupts and may set alarms.
 */
public interface Alarms {
    Clock clock();

    /** @param name for traces */
    Alarm create(String name, Runnable action);
}
