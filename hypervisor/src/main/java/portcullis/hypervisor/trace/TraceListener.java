package portcullis.hypervisor.trace;

/** Takes events as they happen. */
@FunctionalInterface
public interface TraceListener {
    /**
     * Called on the thread on which it happened: a VP's, an alarm's, the host's; several at a time. Must be quick, must not wait for a
     * VP or call into the partition, and must not throw: one that does is not called again.
     */
    void happened(TraceEvent event);
}
