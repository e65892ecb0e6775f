package portcullis.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A SynIC message.
 *
 * @param vp index of the VP that has sent it, or in whose slot it lies
 * @param level its trust level
 * @param type HV_MESSAGE_TYPE
 * @param payload 0 to 240 bytes; the caller's to keep
 */
public record GuestMessage(int vp, int level, int type, byte[] payload) {
    /** The payload up to its first zero byte, as UTF-8. */
    public String text() {
        int length = 0;
        while (length < payload.length && payload[length] != 0) {
            length++;
        }
        return new String(payload, 0, length, StandardCharsets.UTF_8);
    }

    /** Eight bytes of the payload, little endian. @throws IndexOutOfBoundsException where it has not so many */
    public long longAt(int offset) {
        return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getLong(offset);
    }

    @Override
    public String toString() {
        return "message 0x%x of vp %d vtl %d, %d bytes: \"%s\"".formatted(type, vp, level, payload.length, text());
    }
}
