package portcullis.hypervisor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the host asks of a VP's flush gate, in the shape of the vCPU ioctl KVM_HYPERV_SET_TLB_FLUSH_INHIBIT that was proposed for
 * Linux (docs/gate.md).
 *
 * @param flags none are defined
 * @param inhibit whether flushes are to be inhibited
 */
public record FlushInhibit(int flags, boolean inhibit) {
    /** The ioctl's number: _IOW(0xAE, 0xd6, structure). */
    public static final int IOCTL = 0x4008_AED6;
    /** Its capability. */
    public static final int CAPABILITY = 239;
    /** Bytes: u16 flags, u8 inhibit, five reserved. */
    public static final int SIZE = 8;

    private static final int INHIBIT = 2;

    public static final FlushInhibit SET = new FlushInhibit(0, true);
    public static final FlushInhibit CLEAR = new FlushInhibit(0, false);

    /** What of it there is here: more than the proposal had. */
    public record Capability(boolean perTrustLevel, boolean canBeQueried, boolean isSaved) {}

    /** Always there. */
    public static Capability capability() {
        return new Capability(true, true, true);
    }

    /** @throws IllegalArgumentException for flags */
    void apply(VirtualProcessor vp, int level) {
        if (flags != 0) {
            throw new IllegalArgumentException("there are no such flags: " + Integer.toHexString(flags));
        }
        if (inhibit) {
            vp.inhibitFlushes(level);
        } else {
            vp.liftFlushInhibit(level);
        }
    }

    /** Reads the structure; the reserved bytes may be anything. @param from at least {@link #SIZE} bytes, from its position */
    public static FlushInhibit parse(ByteBuffer from) {
        ByteBuffer in = from.slice().order(ByteOrder.LITTLE_ENDIAN);
        return new FlushInhibit(Short.toUnsignedInt(in.getShort(0)), in.get(INHIBIT) != 0);
    }

    /** The structure's bytes. */
    public byte[] encode() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) flags)
                .put((byte) (inhibit ? 1 : 0))
                .array();
    }
}
