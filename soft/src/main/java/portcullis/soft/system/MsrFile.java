package portcullis.soft.system;

import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/**
 * Values of the model-specific registers that are no part of other state and that each context of a CPU has of its own (TLFS
 * vsm.md, "Private State").
 */
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
    /** Instructions that are refused in user mode, whatever CR4.UMIP says: bits {@code Cpu.STORE_GDT} and on. */
    public int storesPrevented;

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
        storesPrevented = 0;
    }

    public void save(StateWriter out) {
        out.putLong(star);
        out.putLong(lstar);
        out.putLong(cstar);
        out.putLong(fmask);
        out.putLong(kernelGsBase);
        out.putLong(sysenterCs);
        out.putLong(sysenterEsp);
        out.putLong(sysenterEip);
        out.putLong(tscAux);
        out.putLong(tscOffset);
        out.putLong(tscAdjust);
        out.putLong(pat);
        out.putInt(storesPrevented);
    }

    public void restore(StateReader in) {
        star = in.getLong();
        lstar = in.getLong();
        cstar = in.getLong();
        fmask = in.getLong();
        kernelGsBase = in.getLong();
        sysenterCs = in.getLong();
        sysenterEsp = in.getLong();
        sysenterEip = in.getLong();
        tscAux = in.getLong();
        tscOffset = in.getLong();
        tscAdjust = in.getLong();
        pat = in.getLong();
        storesPrevented = in.getInt();
    }
}
