package portcullis.soft.block;

import portcullis.soft.protect.EventDelivery;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What the outside has asked a context for and has not got yet. */
final class PendingEvents {
    /** An injected event's, -1 where there is none. */
    int vector = -1;

    EventDelivery.Kind kind;
    boolean hasError;
    int error;
    /** Posted and not yet taken. While there are any, also blocked ones, instructions are executed one at a time. */
    int nmis;
    /** An exit is wanted as soon as an interrupt can be injected. */
    boolean window;

    void inject(int newVector, EventDelivery.Kind newKind, boolean withError, int errorCode) {
        vector = newVector;
        kind = newKind;
        hasError = withError;
        error = errorCode;
    }

    void save(StateWriter out) {
        out.putInt(vector);
        out.putBoolean(kind != null);
        if (kind != null) {
            out.putEnum(kind);
        }
        out.putBoolean(hasError);
        out.putInt(error);
        out.putInt(nmis);
        out.putBoolean(window);
    }

    void restore(StateReader in) {
        vector = in.getInt(-1, 0xff);
        kind = in.getBoolean() ? in.getEnum(EventDelivery.Kind.class) : null;
        hasError = in.getBoolean();
        error = in.getInt();
        nmis = in.getInt(0, 2);
        window = in.getBoolean();
    }
}
