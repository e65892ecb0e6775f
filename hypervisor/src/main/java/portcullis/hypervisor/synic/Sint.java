package portcullis.hypervisor.synic;

/** A SINTx register (TLFS inter-partition-communication.md, "SINTx Registers"). */
record Sint(long asUint64) {
    static final int COUNT = 16;
    static final long MASKED = 1 << 16;
    static final long AUTO_EOI = 1 << 17;
    static final long POLLING = 1 << 18;

    /** The first vector that is none of an exception's. */
    static final int FIRST_VECTOR = 16;

    static final Sint AFTER_RESET = new Sint(MASKED);

    int vector() {
        return (int) asUint64 & 0xff;
    }

    /** Whether a message or an event flag interrupts. */
    boolean interrupts() {
        return (asUint64 & (MASKED | POLLING)) == 0;
    }

    /** Whether event flags are refused. Polling is like unmasking, but for the interrupt. */
    boolean closed() {
        return (asUint64 & (MASKED | POLLING)) == MASKED;
    }

    boolean endsByItself() {
        return interrupts() && (asUint64 & AUTO_EOI) != 0;
    }

    /**
     * Whether a guest can write this. The vector of a source that does not interrupt is not looked at: guests write the reset value,
     * which has vector 0.
     */
    boolean valid() {
        return !interrupts() || vector() >= FIRST_VECTOR;
    }
}
