package portcullis.hypervisor.synic;

import portcullis.tlfs.register.SynicRegisters.Sint;

/** A synthetic interrupt source, SINTx, as its register says (TLFS inter-partition-communication.md, "SINTx Registers"). */
record Source(Sint register) {
    static final Source AFTER_RESET = new Source(Sint.INITIAL);

    Source(long value) {
        this(new Sint(value));
    }

    long asUint64() {
        return register.asUint64();
    }

    int vector() {
        return register.vector();
    }

    /** Whether a message or an event flag interrupts. */
    boolean interrupts() {
        return !register.masked() && !register.polling();
    }

    /** Whether event flags are refused. Polling is like unmasking, but for the interrupt. */
    boolean closed() {
        return register.masked() && !register.polling();
    }

    boolean endsByItself() {
        return interrupts() && register.autoEoi();
    }

    /**
     * Whether a guest can write this. The vector of a source that does not interrupt is not looked at: guests write the reset value,
     * which has vector 0.
     */
    boolean valid() {
        return !interrupts() || vector() >= Sint.MIN_VECTOR;
    }
}
