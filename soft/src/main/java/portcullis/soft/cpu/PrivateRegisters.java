package portcullis.soft.cpu;

import portcullis.soft.state.State;
import portcullis.soft.system.MsrFile;

/**
 * What a context that does not execute has of its own, but for translations: registers (TLFS vsm.md, "Private State") and
 * what waits for its next instruction. All other registers are shared by the contexts and stay where they are: general
 * registers but RSP, CR2, DR0 to DR3, x87, SSE, AVX, XCR0, PKRU, MTRRs, MCG_STATUS, MISC_ENABLE.
 *
 * <p>DR6 may be either, and is private here. RFLAGS lies in three fields.
 */
public final class PrivateRegisters {
    /** Runs of 8-byte fields: the first one's offset, and how many follow each other. */
    private static final int[][] RUNS = {
        {State.GPR + Registers.RSP * 8, 1},
        {State.RIP, 1},
        {State.RESULT, 1},
        {State.AUX, 1},
        {State.RFLAGS, 1},
        {State.SEGMENT_BASE, 8},
        {State.SEGMENT_LIMIT, 8},
        {State.SEGMENT_ATTRIBUTES, 4},
        {State.SEGMENT_SELECTOR, 4},
        {State.CR0, 1},
        {State.CR3, 1},
        {State.CR4, 1},
        {State.CR8, 1},
        {State.EFER, 1},
        {State.DR6, 1},
        {State.DR7, 1},
    };

    private static final int[] OFFSETS = offsets();

    private final long[] fields = new long[OFFSETS.length];
    private long gdtBase;
    private int gdtLimit;
    private long idtBase;
    private int idtLimit;
    private MsrFile msrs = new MsrFile();
    private Replay replay = new Replay();
    private int shadow;
    private boolean nmiBlocked;
    private int breakpointsHit;

    private static int[] offsets() {
        return java.util.Arrays.stream(RUNS)
                .flatMapToInt(run -> java.util.stream.IntStream.range(0, run[1]).map(i -> run[0] + i * Long.BYTES))
                .toArray();
    }

    /** Takes over what the CPU has, which is of the context that ceases to execute. */
    void save(Cpu cpu) {
        for (int i = 0; i < OFFSETS.length; i++) {
            fields[i] = cpu.field(OFFSETS[i]);
        }
        gdtBase = cpu.gdtBase;
        gdtLimit = cpu.gdtLimit;
        idtBase = cpu.idtBase;
        idtLimit = cpu.idtLimit;
        msrs = cpu.msrs;
        replay = cpu.replay;
        shadow = cpu.shadow;
        nmiBlocked = cpu.nmiBlocked;
        breakpointsHit = cpu.breakpointsHit;
    }

    /** Gives the CPU what is here. What follows from changed registers is the caller's to do. */
    void load(Cpu cpu) {
        for (int i = 0; i < OFFSETS.length; i++) {
            cpu.field(OFFSETS[i], fields[i]);
        }
        cpu.gdtBase = gdtBase;
        cpu.gdtLimit = gdtLimit;
        cpu.idtBase = idtBase;
        cpu.idtLimit = idtLimit;
        cpu.msrs = msrs;
        cpu.replay = replay;
        cpu.shadow = shadow;
        cpu.nmiBlocked = nmiBlocked;
        cpu.breakpointsHit = breakpointsHit;
    }
}
