package portcullis.hypervisor.gate;

import java.util.function.IntFunction;

/** The gates of one trust level of a partition, one a VP, and who passes them: one a VP, too. */
public final class FlushGates {
    /** The most VPs that a partition has. */
    public static final int MAX_PROCESSORS = 4096;

    private final FlushGate[] gates;
    private final FlushPass[] passes;

    /**
     * @param processors how many VPs: 1 to {@link #MAX_PROCESSORS}
     * @param owners each VP's, whom a lift resumes
     */
    public FlushGates(int processors, IntFunction<SuspensionListener> owners) {
        if (processors < 1 || processors > MAX_PROCESSORS) {
            throw new IllegalArgumentException(processors + " VPs");
        }
        gates = new FlushGate[processors];
        passes = new FlushPass[processors];
        for (int vp = 0; vp < processors; vp++) {
            gates[vp] = new FlushGate(vp, processors, passes);
            passes[vp] = new FlushPass(vp, gates, owners.apply(vp));
        }
    }

    /** How many VPs there are. */
    public int processors() {
        return gates.length;
    }

    /** The gate of a VP: others flush its TLB through it. */
    public FlushGate gate(int vp) {
        return gates[vp];
    }

    /** What a VP passes gates with. */
    public FlushPass pass(int vp) {
        return passes[vp];
    }
}
