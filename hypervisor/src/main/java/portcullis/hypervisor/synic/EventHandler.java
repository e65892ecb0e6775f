package portcullis.hypervisor.synic;

/** Takes what a guest signals to a connection. Called on the sender's VP thread: must be quick, and wait for no VP. */
@FunctionalInterface
public interface EventHandler {
    /**
     * @param vp VP index of the sender
     * @param vtl its trust level
     * @param connection connection id
     * @param flag the flag number that the guest gave
     */
    void signalled(int vp, int vtl, int connection, int flag);
}
