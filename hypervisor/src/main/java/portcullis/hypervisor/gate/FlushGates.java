package portcullis.hypervisor.gate;

import java.util.function.IntFunction;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The gates of one trust level of a partition, one a VP, and who passes them: one a VP, too. */
public final class FlushGates implements Saved {
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

    // Saved state

    /** Why gates are shut, and who waits. No flush is passing: VPs are quiet between two instructions. */
    @Override
    public void save(StateWriter out) {
        out.putInt(gates.length);
        for (FlushGate gate : gates) {
            out.putInt(gate.reasons());
            out.putInt(gate.interceptHolder());
        }
        for (FlushPass pass : passes) {
            out.putInt(pass.save());
        }
    }

    @Override
    public void restore(StateReader in) {
        if (in.getInt() != gates.length) {
            throw in.refused("is of another number of processors");
        }
        try {
            for (FlushGate gate : gates) {
                gate.restore(in.getInt(), in.getInt());
            }
            for (FlushPass pass : passes) {
                pass.restore(in.getInt());
            }
        } catch (IllegalArgumentException impossible) {
            throw in.refused("cannot be: " + impossible.getMessage());
        }
    }
}
