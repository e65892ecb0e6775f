package portcullis.hypervisor;

/** How a run of a partition ended. */
public sealed interface Outcome {
    /** The guest switched the machine off. */
    record PowerOff() implements Outcome {}

    /** The guest asked for a reset: {@link Partition#reset} gives it one. */
    record Reset() implements Outcome {}

    /**
     * A processor could not deliver a double fault and shut down. Hardware resets the machine then.
     *
     * @param vp its index
     * @param state its registers, several lines
     */
    record TripleFault(int vp, String state) implements Outcome {}

    /** The guest ended the run with a status of its own, through the isa-debug-exit device. */
    record GuestExit(int code) implements Outcome {}

    /**
     * Every processor waits for something that cannot come. Known by virtual time only.
     *
     * @param state of all processors, with their registers, several lines
     */
    record Stalled(String state) implements Outcome {}

    /**
     * The run has come to the limit that the host set. By virtual time only.
     *
     * @param ticks how far it came, in nanoseconds of guest time
     * @param state of all processors, with their registers, several lines
     */
    record Endless(long ticks, String state) implements Outcome {}

    /**
     * The guest says that what it asserts does not hold, through the assertion port.
     *
     * @param value what it wrote, not 0
     */
    record AssertionFailed(int value) implements Outcome {}

    /**
     * A fault of ours.
     *
     * @param vp index of the VP on whose thread it happened, or -1
     */
    record HostError(int vp, Throwable cause) implements Outcome {}

    /** {@link Partition#stop} was called. */
    record Stopped() implements Outcome {}
}
