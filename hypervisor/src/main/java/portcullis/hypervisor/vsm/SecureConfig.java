package portcullis.hypervisor.vsm;

import portcullis.hypervisor.apic.LocalApic;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.register.VsmRegisters.VsmVina;
import portcullis.tlfs.register.VsmRegisters.VsmVpSecureVtlConfig;

/** Registers that a trust level above 0 has on each VP for itself and for those below it. The VP's thread. */
public final class SecureConfig implements Saved {
    private static final int LEVELS = 3;

    private long vina;
    /** HvRegisterVsmVpSecureConfigVtl0 and up. */
    private final long[] lower = new long[LEVELS];

    private long interceptControl;
    /** All ones: whoever asks for writes and names no bits is told of every write (TLFS vsm.md, "Mask Registers"). */
    private final long[] interceptMasks = {-1, -1, -1};

    /** HvRegisterVsmVina. */
    public VsmVina vina() {
        return new VsmVina(vina);
    }

    void setVina(long value) {
        vina = value;
    }

    /** HvRegisterVsmVpSecureConfigVtl{@code level}. */
    public long lower(int level) {
        return lower[level];
    }

    void setLower(int level, long value) {
        lower[level] = value;
    }

    /** The level is left, and with that its locks end: setting the bit again locks again (TLFS vsm.md, "TlbLocked"). */
    public void endLocks() {
        for (int level = 0; level < LEVELS; level++) {
            lower[level] &= ~VsmVpSecureVtlConfig.TLB_LOCKED;
        }
    }

    /** HvX64RegisterCrInterceptControl: what of lower levels is intercepted. */
    public long interceptControl() {
        return interceptControl;
    }

    void setInterceptControl(long value) {
        interceptControl = value;
    }

    /** CR0, CR4 and IA32_MISC_ENABLE: which bits' changes are intercepted. */
    public long interceptMask(int which) {
        return interceptMasks[which];
    }

    void setInterceptMask(int which, long value) {
        interceptMasks[which] = value;
    }

    InterceptChoice interceptChoice() {
        return new InterceptChoice(interceptControl, interceptMasks[0], interceptMasks[1], interceptMasks[2]);
    }

    /** @param apic of the level: no reset of its own clears which interrupts end by themselves */
    public void reset(LocalApic apic) {
        if (vina().enabled() && vina().autoEoi()) {
            apic.setAutoEoi(vina().vector(), false);
        }
        vina = 0;
        java.util.Arrays.fill(lower, 0);
        interceptControl = 0;
        java.util.Arrays.fill(interceptMasks, -1);
    }

    @Override
    public void save(StateWriter out) {
        out.putLong(vina);
        out.putLongs(lower);
        out.putLong(interceptControl);
        out.putLongs(interceptMasks);
    }

    @Override
    public void restore(StateReader in) {
        vina = in.getLong();
        in.getLongs(lower);
        interceptControl = in.getLong();
        in.getLongs(interceptMasks);
    }
}
