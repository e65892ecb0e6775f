package portcullis.hypervisor.synic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import portcullis.memory.OverlayPage;
import portcullis.tlfs.message.MessageType;
import portcullis.tlfs.message.SynicMessages;
import portcullis.tlfs.message.SynicMessages.Header;

/** The slots of a SIM page (TLFS inter-partition-communication.md, "SIM Page"), one a SINTx. */
final class MessagePage {
    /** The word with payload size (byte 0), flags (byte 1) and a reserved half. */
    private static final int SIZE_AND_FLAGS = Header.PAYLOAD_SIZE;

    private static final int MESSAGE_PENDING =
            Header.MESSAGE_FLAGS_MESSAGE_PENDING << (Header.MESSAGE_FLAGS - SIZE_AND_FLAGS) * 8;

    private final OverlayPage page;

    MessagePage(OverlayPage page) {
        this.page = page;
    }

    private static int slot(int sint) {
        return sint * SynicMessages.SLOT_SIZE;
    }

    boolean empty(int sint) {
        return page.getInt(slot(sint) + Header.MESSAGE_TYPE) == MessageType.NONE;
    }

    /**
     * Tells the guest that more wait behind the message in the slot. The guest empties the slot, then looks at the flag; so look at
     * the slot once more after this: one of the two sees the other.
     */
    void markPending(int sint) {
        page.getAndSetBits(slot(sint) + SIZE_AND_FLAGS, MESSAGE_PENDING);
    }

    /** Fills an empty slot. Its type comes last: a guest that polls sees all of the message or none of it. */
    void put(int sint, SynicMessage message) {
        byte[] payload = message.payload();
        int length = Header.SIZE - SIZE_AND_FLAGS + payload.length;
        ByteBuffer rest = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        rest.putInt(payload.length).putLong(message.origin()).put(payload);
        page.write(slot(sint) + SIZE_AND_FLAGS, rest.array(), 0, length);
        page.putInt(slot(sint) + Header.MESSAGE_TYPE, message.type());
    }
}
