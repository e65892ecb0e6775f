package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.fp.x87.ControlWord;
import portcullis.soft.fp.x87.Extended;
import portcullis.soft.fp.x87.StatusWord;
import portcullis.soft.state.State;

/** The x87 part of a processor's state: what the register file, MMX and the save areas have in common. */
public final class X87Unit {
    /** Registers are 16 bytes apart in the state block. */
    static final int STRIDE = 16;

    static final int ALL_EMPTY = 0xffff;
    private static final long EMPTY = 3;
    /** Where the tags are in the unit. */
    private static final int TAGS = 32;

    private static final int TOP_STEP = 1 << StatusWord.TOP_SHIFT;
    /** Of the control word: bits 7 and 15:13 read as 0, bit 6 as 1. */
    private static final int CONTROL_BITS = 0x1f3f;

    private static final int CONTROL_ONES = 0x40;
    private static final int CR0_EM_TS = (int) (Cpu.CR0_EM | Cpu.CR0_TS);

    private X87Unit() {}

    /**
     * What x87 and MMX instructions check first: #NM where CR0 has the unit switched off, #MF where an exception is pending. MMX raises
     * #UD where CR0.EM is set, and has to look at that before.
     */
    public static void require(Cpu cpu) {
        require(cpu, cpu.field32(State.FSW));
    }

    static void require(Cpu cpu, int status) {
        if (((int) cpu.cr0() & CR0_EM_TS | status & StatusWord.ERROR_SUMMARY) != 0) {
            refuse(cpu, status);
        }
    }

    /** Instructions that do not wait for exceptions: #NM alone. */
    static void requireNoWait(Cpu cpu) {
        if (((int) cpu.cr0() & CR0_EM_TS) != 0) {
            throw cpu.fault(Fault.NM);
        }
    }

    private static void refuse(Cpu cpu, int status) {
        requireNoWait(cpu);
        raisePending(cpu, status);
    }

    /** #MF where an exception is pending and CR0.NE has it reported that way. */
    static void raisePending(Cpu cpu, int status) {
        if ((status & StatusWord.ERROR_SUMMARY) != 0 && (cpu.cr0() & Cpu.CR0_NE) != 0) {
            throw cpu.fault(Fault.MF);
        }
    }

    /** Every MMX instruction but EMMS: all registers are in use and TOP is 0 (SDM volume 1, 9.5.1). */
    public static void enterMmx(Cpu cpu) {
        cpu.field32(State.FSW, cpu.field32(State.FSW) & ~StatusWord.TOP);
        cpu.field32(State.FTW, 0);
    }

    /** EMMS: all registers are empty, and TOP is 0 (SDM volume 3, table 13-2). */
    public static void leaveMmx(Cpu cpu) {
        cpu.field32(State.FSW, cpu.field32(State.FSW) & ~StatusWord.TOP);
        cpu.field32(State.FTW, ALL_EMPTY);
    }

    /** FNINIT. */
    public static void initialize(Cpu cpu) {
        cpu.field32(State.FCW, ControlWord.INITIAL);
        cpu.field32(State.FSW, 0);
        cpu.field32(State.FTW, ALL_EMPTY);
        cpu.field32(State.FOP, 0);
        cpu.field(State.FIP, 0);
        cpu.field(State.FDP, 0);
        cpu.field32(State.FCS, 0);
        cpu.field32(State.FDS, 0);
    }

    /** Loads the control word; exceptions pending become or cease to be unmasked. */
    static void control(Cpu cpu, int value) {
        cpu.field32(State.FCW, value & CONTROL_BITS | CONTROL_ONES);
        status(cpu, cpu.field32(State.FSW));
    }

    /** Loads the status word: ES and B follow from flags and masks, whatever {@code value} has there. */
    static void status(Cpu cpu, int value) {
        cpu.field32(State.FSW, summarized(value & 0x7f7f, cpu.field32(State.FCW)));
    }

    /** A status word with ES and B set where there is an unmasked exception. */
    static int summarized(int status, int control) {
        return (status & ~control & StatusWord.EXCEPTIONS) == 0
                ? status & ~(StatusWord.ERROR_SUMMARY | StatusWord.BUSY)
                : status | StatusWord.ERROR_SUMMARY | StatusWord.BUSY;
    }

    // The status word and, above it, the tags are handled as one long, the unit's state: loaded once and stored once.

    static int top(long unit) {
        return (int) unit >>> StatusWord.TOP_SHIFT & 7;
    }

    /** Number of the register behind ST({@code index}). */
    static int physical(long unit, int index) {
        return ((int) unit >>> StatusWord.TOP_SHIFT) + index & 7;
    }

    /** The unit with TOP one less. */
    static long pushed(long unit) {
        return unit & ~StatusWord.TOP | unit - TOP_STEP & StatusWord.TOP;
    }

    /** The unit with TOP one more. */
    static long popped(long unit) {
        return unit & ~StatusWord.TOP | unit + TOP_STEP & StatusWord.TOP;
    }

    static boolean isEmpty(long unit, int physical) {
        return (unit >>> TAGS + 2 * physical & EMPTY) == EMPTY;
    }

    /** The unit with a register in use. */
    static long used(long unit, int physical) {
        return unit & ~(EMPTY << TAGS + 2 * physical);
    }

    /** The unit with a register empty. */
    static long emptied(long unit, int physical) {
        return unit | EMPTY << TAGS + 2 * physical;
    }

    static long significand(Cpu cpu, int physical) {
        return cpu.field(State.X87 + physical * STRIDE);
    }

    static int signExponent(Cpu cpu, int physical) {
        return cpu.field32(State.X87 + 8 + physical * STRIDE) & 0xffff;
    }

    static void register(Cpu cpu, int physical, long significand, int signExponent) {
        cpu.field(State.X87 + physical * STRIDE, significand);
        cpu.field(State.X87 + 8 + physical * STRIDE, signExponent & 0xffff);
    }

    /** The tag word of FNSTENV: two bits a register, 0 valid, 1 zero, 2 special, 3 empty (SDM volume 1, 8.1.7). */
    static int tagWord(Cpu cpu) {
        long unit = cpu.field(State.FSW);
        int word = 0;
        for (int i = 0; i < 8; i++) {
            int tag = (int) EMPTY;
            if (!isEmpty(unit, i)) {
                tag = switch (Extended.classify(significand(cpu, i), signExponent(cpu, i))) {
                    case Extended.NORMAL -> 0;
                    case Extended.ZERO -> 1;
                    default -> 2;
                };
            }
            word |= tag << 2 * i;
        }
        return word;
    }

    /** The tags of FXSAVE: bit n is set where physical register n is in use (SDM volume 1, 10.5.1.1). */
    public static int abridgedTags(Cpu cpu) {
        long unit = cpu.field(State.FSW);
        int abridged = 0;
        for (int i = 0; i < 8; i++) {
            abridged |= isEmpty(unit, i) ? 0 : 1 << i;
        }
        return abridged;
    }

    /** Loads the tags of FXSAVE. */
    public static void abridgedTags(Cpu cpu, int abridged) {
        int tags = ALL_EMPTY;
        for (int i = 0; i < 8; i++) {
            tags &= (abridged >>> i & 1) == 0 ? -1 : ~(3 << 2 * i);
        }
        cpu.field32(State.FTW, tags);
    }
}
