package portcullis.hypervisor.apic;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * The one interrupt in service whose end the guest may leave in memory ({@link EoiAssist}). For the VP's thread only: what other
 * threads ask of the local APIC may see that interrupt in service a little longer.
 *
 * <p>That nothing else is requested when the offer is made, and that a request which comes later takes it back, are why the guest
 * needs no exit: its EOI would make nothing deliverable. A request always brings the VP's thread to {@link LocalApic#deliverable}
 * before guest code runs on.
 */
final class LazyEoi {
    /** What has become of an offer. */
    enum Outcome {
        /** There is none, or the guest has not used it. */
        NOT_ENDED,
        /** The guest has ended the interrupt: the caller does so at the local APIC. */
        ENDED
    }

    private EoiAssist assist;
    private boolean outstanding;

    /** Forgets an offer without a look at what became of it. */
    void connect(EoiAssist page) {
        assist = page;
        outstanding = false;
    }

    boolean connected() {
        return assist != null;
    }

    boolean outstanding() {
        return outstanding;
    }

    void offer() {
        outstanding = true;
        assist.offer();
    }

    /** Looks without taking the offer back. */
    Outcome look() {
        if (!outstanding || assist.offered()) {
            return Outcome.NOT_ENDED;
        }
        outstanding = false;
        return Outcome.ENDED;
    }

    /** Takes the offer back. */
    Outcome settle() {
        if (!outstanding) {
            return Outcome.NOT_ENDED;
        }
        outstanding = false;
        return assist.withdraw() ? Outcome.NOT_ENDED : Outcome.ENDED;
    }

    void save(StateWriter out) {
        out.putBoolean(outstanding);
    }

    /** After {@link #connect}: the page has the bit already. */
    void restore(StateReader in) {
        outstanding = in.getBoolean();
        if (outstanding && assist == null) {
            throw in.refused("has an EOI outstanding in no page");
        }
    }
}
