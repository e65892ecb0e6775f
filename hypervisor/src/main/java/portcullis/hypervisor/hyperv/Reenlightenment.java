package portcullis.hypervisor.hyperv;

import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvMsr;

/**
 * Reenlightenment and TSC emulation registers of a partition (TLFS, "Partition Reference Time Enlightenment"). The TSC's
 * frequency is the same wherever a partition is restored, so that no notification is ever due and nothing is emulated. Any VP's
 * thread.
 */
public final class Reenlightenment implements Saved {
    /** Vector in bits 7:0, enable in 16, target VP in 63:32. */
    private static final long CONTROL_RESERVED = 0xfffe_ff00L;

    private static final long EMULATION_ENABLE = 1;
    private static final int FIRST_VECTOR = 0x10;

    private long control;
    private long emulationControl;

    public synchronized long read(int msr) {
        return switch (msr) {
            case HvMsr.REENLIGHTENMENT_CONTROL -> control;
            case HvMsr.TSC_EMULATION_CONTROL -> emulationControl;
            default -> 0;
        };
    }

    /** @return false for #GP */
    public synchronized boolean write(int msr, long value) {
        switch (msr) {
            case HvMsr.REENLIGHTENMENT_CONTROL -> {
                boolean enabled = (value >>> 16 & 1) != 0;
                if ((value & CONTROL_RESERVED) != 0 || enabled && (value & 0xff) < FIRST_VECTOR) {
                    return false;
                }
                control = value;
            }
            case HvMsr.TSC_EMULATION_CONTROL -> {
                if ((value & ~EMULATION_ENABLE) != 0) {
                    return false;
                }
                emulationControl = value;
            }
            default -> {
                // The status can only be cleared, and is clear.
                return (value & ~EMULATION_ENABLE) == 0;
            }
        }
        return true;
    }

    public synchronized void reset() {
        control = 0;
        emulationControl = 0;
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putLong(control);
        out.putLong(emulationControl);
    }

    @Override
    public synchronized void restore(StateReader in) {
        control = in.getLong();
        emulationControl = in.getLong();
    }
}
