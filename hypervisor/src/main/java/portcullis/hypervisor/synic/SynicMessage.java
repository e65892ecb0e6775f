package portcullis.hypervisor.synic;

import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.message.SynicMessages;

/**
 * A message on its way into a guest (TLFS HV_MESSAGE).
 *
 * @param type HV_MESSAGE_TYPE, not 0
 * @param origin what the header says of the sender: a port id, a partition id, or 0
 * @param payload 0 to {@link #MAXIMUM_PAYLOAD} bytes; not changed by anybody any more
 */
public record SynicMessage(int type, long origin, byte[] payload) {
    public static final int MAXIMUM_PAYLOAD = SynicMessages.Message.MAX_PAYLOAD_SIZE;

    /** @throws IllegalArgumentException where type or length are out of range */
    public SynicMessage {
        if (type == MessageType.NONE) {
            throw new IllegalArgumentException("message type 0 is an empty slot");
        }
        if (payload.length > MAXIMUM_PAYLOAD) {
            throw new IllegalArgumentException("a message carries 240 bytes at most, not " + payload.length);
        }
    }
}
