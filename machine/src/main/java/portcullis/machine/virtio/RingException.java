package portcullis.machine.virtio;

/** A driver broke the rules of a virtqueue or of a device's requests. Carries no stack trace: guests cause it. */
public final class RingException extends Exception {
    private static final long serialVersionUID = 1L;

    public RingException(String rule) {
        super(rule, null, false, false);
    }
}
