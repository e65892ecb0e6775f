package portcullis.soft.cpu;

import portcullis.soft.state.State;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The registers of a state block as saved state, in an order of its own: the block's layout may change, files stay readable. */
final class RegisterImage {
    /** Fields of 8 bytes: the first one's offset, and how many follow each other. */
    private static final int[][] LONGS = {
        {State.GPR, 16},
        {State.RIP, 1},
        {State.SEGMENT_BASE, 8},
        {State.SEGMENT_LIMIT, 8},
        {State.CR0, 1},
        {State.CR2, 1},
        {State.CR3, 1},
        {State.CR4, 1},
        {State.CR8, 1},
        {State.EFER, 1},
        {State.XCR0, 1},
        {State.DR, 6},
        {State.VECTOR, 16 * State.VECTOR_STRIDE / 8},
        {State.X87, 16},
        {State.FIP, 1},
        {State.FDP, 1},
    };

    /** Fields of 4 bytes. */
    private static final int[][] INTS = {
        {State.SEGMENT_ATTRIBUTES, 8},
        {State.SEGMENT_SELECTOR, 8},
        {State.PKRU, 1},
        {State.MXCSR, 1},
        {State.FCW, 1},
        {State.FSW, 1},
        {State.FTW, 1},
        {State.FOP, 1},
        {State.FCS, 1},
        {State.FDS, 1},
    };

    private RegisterImage() {}

    static void save(Flags cpu, StateWriter out) {
        out.putLong(cpu.rflags());
        for (int[] run : LONGS) {
            for (int i = 0; i < run[1]; i++) {
                out.putLong(cpu.field(run[0] + i * Long.BYTES));
            }
        }
        for (int[] run : INTS) {
            for (int i = 0; i < run[1]; i++) {
                out.putInt(cpu.field32(run[0] + i * Integer.BYTES));
            }
        }
    }

    /** Sets the fields and nothing that follows from them. */
    static void restore(Flags cpu, StateReader in) {
        cpu.storeRflags(in.getLong());
        for (int[] run : LONGS) {
            for (int i = 0; i < run[1]; i++) {
                cpu.field(run[0] + i * Long.BYTES, in.getLong());
            }
        }
        for (int[] run : INTS) {
            for (int i = 0; i < run[1]; i++) {
                cpu.field32(run[0] + i * Integer.BYTES, in.getInt());
            }
        }
    }
}
