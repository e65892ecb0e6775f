package portcullis.hypervisor.synic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import portcullis.memory.OverlayPage;

/** The slots of a SIM page (TLFS HV_MESSAGE): 16 of 256 bytes, each a header of 16 and a payload. */
final class MessagePage {
    private static final int SLOT = 256;
    private static final int HEADER = 16;

    /** Word of the header with payload size (byte 0), flags (byte 1) and a reserved half. */
    private static final int SIZE_AND_FLAGS = 4;

    private static final int MESSAGE_PENDING = 1 << 8;

    private final OverlayPage page;

    MessagePage(OverlayPage page) {
        this.page = page;
    }

    boolean empty(int sint) {
        return page.getInt(sint * SLOT) == 0;
    }

    /**
     * Tells the guest that more wait behind the message in the slot. The guest empties the slot, then looks at the flag; so look at
     * the slot once more after this: one of the two sees the other.
     */
    void markPending(int sint) {
        page.getAndSetBits(sint * SLOT + SIZE_AND_FLAGS, MESSAGE_PENDING);
    }

    /** Fills an empty slot. Its type comes last: a guest that polls sees all of the message or none of it. */
    void put(int sint, SynicMessage message) {
        int slot = sint * SLOT;
        byte[] payload = message.payload();
        ByteBuffer rest =
                ByteBuffer.allocate(HEADER - SIZE_AND_FLAGS + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        rest.putInt(payload.length).putLong(message.origin()).put(payload);
        page.write(slot + SIZE_AND_FLAGS, rest.array(), 0, rest.capacity());
        page.putInt(slot, message.type());
    }
}
