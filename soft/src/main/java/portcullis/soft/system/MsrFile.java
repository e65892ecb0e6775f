package portcullis.soft.system;

import java.util.Arrays;

/** Values of the model-specific registers that are no part of other state. One a CPU. */
public final class MsrFile {
    public long star;
    public long lstar;
    public long cstar;
    /** SYSCALL flag mask. */
    public long fmask;

    public long kernelGsBase;
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    public long tscAux;
    /** Added to the clock's ticks: IA32_TSC minus host time. */
    public long tscOffset;

    public long tscAdjust;
    public long pat;
    public long miscEnable;
    public long mtrrDefaultType;
    public final long[] mtrrVariable = new long[16];
    public final long[] mtrrFixed = new long[11];
    public long mcgStatus;

    /** Power-up values (SDM table 10-1, 12.11, 12.12). */
    public void reset() {
        star = 0;
        lstar = 0;
        cstar = 0;
        fmask = 0;
        kernelGsBase = 0;
        sysenterCs = 0;
        sysenterEsp = 0;
        sysenterEip = 0;
        tscAux = 0;
        tscOffset = 0;
        tscAdjust = 0;
        pat = 0x0007_0406_0007_0406L;
        miscEnable = 1;
        mtrrDefaultType = 0;
        mcgStatus = 0;
        Arrays.fill(mtrrVariable, 0);
        Arrays.fill(mtrrFixed, 0);
    }
}
