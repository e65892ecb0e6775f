package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;

/** Delivers exceptions and interrupts through the interrupt descriptor table. */
public final class EventDelivery {
    /** What kind of event: decides privilege checks, the EXT bit and how nested faults escalate. */
    public enum Kind {
        EXCEPTION,
        /** INT n. */
        SOFTWARE,
        /** INT1: a privileged software exception. */
        PRIVILEGED,
        EXTERNAL,
        NMI
    }

    /**
     * Transfers control to the handler of {@code vector}; a fault on the way leaves all state as it was.
     *
     * @param returnRip instruction pointer to save
     * @param fault the saved RFLAGS have RF set
     */
    public void deliver(
            Cpu cpu, int vector, Kind kind, boolean hasErrorCode, int errorCode, long returnRip, boolean fault) {
        throw new UnsupportedOperationException("protect: not yet");
    }
}
