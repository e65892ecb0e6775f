package portcullis.hypervisor.hypercall;

import java.util.List;
import portcullis.tlfs.HypercallCode;

/** PostMessage and SignalEvent (TLFS inter-partition-communication.md). */
public final class MessageCalls {
    private static final int CONNECTION = 0;
    private static final int FLAG_NUMBER = 4;
    private static final int MESSAGE_TYPE = 8;
    private static final int PAYLOAD_SIZE = 12;
    private static final int PAYLOAD = 16;
    private static final int MOST_PAYLOAD = 240;

    private MessageCalls() {}

    public static List<Hypercall> calls() {
        return List.of(
                new Hypercall(HypercallCode.POST_MESSAGE, MessageCalls::postMessage),
                new Hypercall(HypercallCode.SIGNAL_EVENT, MessageCalls::signalEvent));
    }

    private static int postMessage(CallContext call) {
        return call.partition()
                .connections()
                .postMessage(
                        call.vp().index(),
                        call.level().level(),
                        call.inputInt(CONNECTION),
                        call.inputInt(MESSAGE_TYPE),
                        call.inputInt(PAYLOAD_SIZE),
                        call.inputBytes(PAYLOAD, MOST_PAYLOAD));
    }

    private static int signalEvent(CallContext call) {
        return call.partition()
                .connections()
                .signalEvent(
                        call.vp().index(),
                        call.level().level(),
                        call.inputInt(CONNECTION),
                        call.inputShort(FLAG_NUMBER));
    }
}
