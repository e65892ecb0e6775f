package portcullis.memory;

/** A device, loader or debugger asked for guest physical memory that is not there. Carries no stack trace: guests cause it. */
public final class GuestAddressException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long gpa;

    public GuestAddressException(long gpa, long length) {
        super("no guest memory at 0x%x for %d bytes".formatted(gpa, length), null, false, false);
        this.gpa = gpa;
    }

    /** Where the access began. */
    public long gpa() {
        return gpa;
    }
}
