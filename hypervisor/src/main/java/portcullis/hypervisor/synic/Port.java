package portcullis.hypervisor.synic;

/**
 * A way into the guest (TLFS inter-partition-communication.md, "Ports and Connections"). Made by {@link Connections}. Thread-safe;
 * nothing here waits for a VP.
 */
public sealed interface Port extends AutoCloseable permits MessagePort, EventPort {
    /** 24 bits, unique in the partition. */
    int id();

    PortTarget target();

    /** Deletes the port. Connections to it stay and are of no use. Idempotent. */
    @Override
    void close();
}
