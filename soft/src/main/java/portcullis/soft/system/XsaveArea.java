package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;

/** Extended processor state (x87, SSE, AVX, PKRU) in the layout of XSAVE's standard form (SDM volume 1, 13.4). */
public final class XsaveArea {
    private XsaveArea() {}

    public static byte[] save(Cpu cpu) {
        throw new UnsupportedOperationException("system: not yet");
    }

    public static void restore(Cpu cpu, byte[] image) {
        throw new UnsupportedOperationException("system: not yet");
    }
}
