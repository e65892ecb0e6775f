package portcullis.hypervisor.synic;

import portcullis.tlfs.HvStatus;

/** A port that takes event flags: {@link #flags} of them, from {@link #firstFlag}, in the flags of a SINTx. */
public final class EventPort implements Port {
    private final Connections connections;
    private final int id;
    private final PortTarget target;
    private final int firstFlag;
    private final int flags;
    private volatile boolean closed;

    EventPort(Connections connections, int id, PortTarget target, int firstFlag, int flags) {
        this.connections = connections;
        this.id = id;
        this.target = target;
        this.firstFlag = firstFlag;
        this.flags = flags;
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public PortTarget target() {
        return target;
    }

    /** Number of the first flag, 0 to 2047. */
    public int firstFlag() {
        return firstFlag;
    }

    /** How many there are. */
    public int flags() {
        return flags;
    }

    /**
     * Sets a flag in the guest, and interrupts it where the flag was clear.
     *
     * @param flag relative to {@link #firstFlag}
     * @return HV_STATUS: SUCCESS; INVALID_PARAMETER where there is no such flag; INVALID_PORT_ID where the port is closed;
     *     INVALID_VP_INDEX where there is no such VP or, for any VP, none takes events; INVALID_SYNIC_STATE where the VP does not, or
     *     masks the source
     */
    public int signal(int flag) {
        if (closed) {
            return HvStatus.INVALID_PORT_ID;
        }
        if (flag < 0 || flag >= flags) {
            return HvStatus.INVALID_PARAMETER;
        }
        SynicDirectory directory = connections.directory();
        if (target.vp() != PortTarget.ANY_VP) {
            Synic synic = directory.synic(target.vp(), target.vtl());
            return synic == null ? HvStatus.INVALID_VP_INDEX : synic.signal(target.sint(), firstFlag + flag);
        }
        for (int vp = 0; vp < directory.processors(); vp++) {
            Synic synic = directory.synic(vp, target.vtl());
            if (synic != null && synic.signal(target.sint(), firstFlag + flag) == HvStatus.SUCCESS) {
                return HvStatus.SUCCESS;
            }
        }
        return HvStatus.INVALID_VP_INDEX;
    }

    @Override
    public void close() {
        closed = true;
        connections.forget(this);
    }
}
