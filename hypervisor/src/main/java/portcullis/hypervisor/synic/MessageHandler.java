package portcullis.hypervisor.synic;

/** Takes what a guest posts to a connection. Called on the sender's VP thread: must be quick, and wait for no VP. */
@FunctionalInterface
public interface MessageHandler {
    /**
     * A message that a guest posts.
     *
     * @param vp VP index of the sender
     * @param vtl its trust level
     * @param connection connection id
     * @param type HV_MESSAGE_TYPE, 1 to 0x7fffffff
     * @param payload 0 to 240 bytes; the handler's to keep
     */
    record Received(int vp, int vtl, int connection, int type, byte[] payload) {}

    /** @return HV_STATUS for the guest; SUCCESS where the message was taken, INSUFFICIENT_BUFFERS where it shall try again later */
    int received(Received message);
}
