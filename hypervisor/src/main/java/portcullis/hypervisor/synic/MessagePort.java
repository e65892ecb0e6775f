package portcullis.hypervisor.synic;

import portcullis.tlfs.HvStatus;

/** A port that takes messages. Up to {@link MessageBuffers#OF_A_PORT} of them wait for their slots; they arrive in order. */
public final class MessagePort implements Port {
    private final Connections connections;
    private final int id;
    private final PortTarget target;
    private final MessageBuffers buffers;

    MessagePort(Connections connections, int id, PortTarget target) {
        this.connections = connections;
        this.id = id;
        this.target = target;
        buffers = MessageBuffers.ofPort(id);
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public PortTarget target() {
        return target;
    }

    MessageBuffers buffers() {
        return buffers;
    }

    /**
     * Sends a message into the guest.
     *
     * @param type HV_MESSAGE_TYPE, not 0; the hypervisor's own have bit 31 set
     * @param payload up to 240 bytes; copied
     * @return HV_STATUS: SUCCESS where it is delivered or queued; INSUFFICIENT_BUFFERS; INVALID_PORT_ID where the port is closed;
     *     INVALID_VP_INDEX where there is no such VP or, for any VP, none takes messages; INVALID_SYNIC_STATE where the VP does not
     * @throws IllegalArgumentException where type or length are out of range
     */
    public int post(int type, byte[] payload) {
        SynicMessage message = new SynicMessage(type, id, payload.clone());
        if (buffers.closed()) {
            return HvStatus.INVALID_PORT_ID;
        }
        SynicDirectory directory = connections.directory();
        if (target.vp() != PortTarget.ANY_VP) {
            Synic synic = directory.synic(target.vp(), target.vtl());
            return synic == null ? HvStatus.INVALID_VP_INDEX : synic.post(target.sint(), message, buffers);
        }
        for (int vp = 0; vp < directory.processors(); vp++) {
            Synic synic = directory.synic(vp, target.vtl());
            int status = synic == null ? HvStatus.INVALID_SYNIC_STATE : synic.post(target.sint(), message, buffers);
            if (status != HvStatus.INVALID_SYNIC_STATE) {
                return status;
            }
        }
        return HvStatus.INVALID_VP_INDEX;
    }

    /** Messages that still wait are lost (TLFS "Reliability and Sequencing of Guest Message Buffers"). */
    @Override
    public void close() {
        // First no more can be queued, then what is queued goes.
        buffers.close();
        SynicDirectory directory = connections.directory();
        for (int vp = 0; vp < directory.processors(); vp++) {
            Synic synic = directory.synic(vp, target.vtl());
            if (synic != null) {
                synic.discard(buffers);
            }
        }
        connections.forget(this);
    }
}
