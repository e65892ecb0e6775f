package portcullis.hypervisor.hypercall;

/** What one hypercall does. Called on the caller's thread, outside guest mode, with inputs that fit the call's declared layout. */
@FunctionalInterface
public interface HypercallHandler {
    /** The caller is suspended: nothing has happened, RIP stays, and the call is issued again on resume. */
    int SUSPENDED = -1;
    /** The time slice is over or something is pending: RIP stays; for a rep call the start index moves on. */
    int CONTINUE = -2;
    /** The handler has set the caller's registers itself; nothing is written back. */
    int DONE = -3;
    /** The caller gets #UD. */
    int UNDEFINED = -4;
    /** The caller's level changes: an access of the call's is intercepted; RIP stays. */
    int INTERCEPTED = -5;

    /** @return an HV_STATUS, or one of the negative values here */
    int call(CallContext call);
}
