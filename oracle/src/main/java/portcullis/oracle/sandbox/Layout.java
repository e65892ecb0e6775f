package portcullis.oracle.sandbox;

/**
 * Where things lie in the sandbox: offsets in bytes from its base, which has the same virtual address on every processor
 * compared.
 *
 * <p>One batch is up to {@link #CASES} cases. Code and data are on different pages, so that a processor which tracks
 * pages with code is not slowed down by the stores of the test itself.
 */
public final class Layout {
    /** Preferred bases: low, so that 32-bit absolute and truncated addresses reach it. */
    static final long[] PREFERRED_BASES = {0x2000_0000L, 0x3000_0000L, 0x4000_0000L, 0x1000_0000L, 0x6000_0000L};

    public static final int SIZE = 0x20_0000;
    public static final int CASES = 256;

    /** Variables of the trampoline. */
    static final int CONTEXT = 0;

    static final int CONTEXT_HOST_RSP = CONTEXT;
    static final int CONTEXT_CURSOR = CONTEXT + 0x08;
    static final int CONTEXT_REMAINING = CONTEXT + 0x10;
    static final int CONTEXT_WINDOW = CONTEXT + 0x18;
    static final int CONTEXT_DATA = CONTEXT + 0x20;
    static final int CONTEXT_CODE = CONTEXT + 0x28;
    static final int CONTEXT_RAX = CONTEXT + 0x30;
    static final int CONTEXT_PROBE = CONTEXT + 0x40;
    static final int CONTEXT_FXSAVE = CONTEXT + 0x200;

    /** A (code address, data address) pair a case. */
    public static final int TABLE = 0x1000;

    /** Fixed code: {@link Trampoline}. */
    static final int TRAMPOLINE = 0x2000;

    /** The cases' code, one after another. */
    public static final int CODE = 0x1_0000;

    public static final int CODE_SIZE = 0x6_0000;

    /** The cases' data, {@link #CASE_STRIDE} apart. */
    public static final int DATA = 0x8_0000;

    /** No multiple of the page size, so that page boundaries fall on every part of some case's scratch memory. */
    public static final int CASE_STRIDE = 0x1240;

    /** Inside a case's data: register state before, state after, and the memory that the test may touch. */
    public static final int INPUT = 0;

    public static final int OUTPUT = 0x600;
    public static final int SCRATCH = 0xc00;
    public static final int SCRATCH_SIZE = 0x600;

    /** Inside a register state: general registers in encoding order; the stack pointer is output only. */
    public static final int GPR = 0;

    public static final int RFLAGS = 0x80;
    /** The {@link #STACK_WORDS} 8-byte words from the stack pointer upwards. */
    public static final int STACK = 0x90;

    public static final int STACK_WORDS = 16;
    /** FXSAVE64's image. */
    public static final int FXSAVE = 0x200;
    /** Sixteen YMM registers of 32 bytes; the lower halves are in the FXSAVE image too. */
    public static final int YMM = 0x400;

    public static final int STATE_SIZE = 0x600;

    private Layout() {}

    /** Offset in the sandbox of a case's data. */
    public static int data(int slot) {
        return DATA + slot * CASE_STRIDE;
    }
}
