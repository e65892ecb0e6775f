package portcullis.soft.state;

/**
 * Byte offsets into the state block. The block is page aligned; everything hot lies in its first 256 bytes so that
 * translated code reaches it with one-byte displacements around {@link #RESULT}.
 */
public final class State {
    /** 16 general registers, 8 bytes each, encoding order. */
    public static final int GPR = 0x000;
    /** Always zero: stands for an absent base or index, and for the base of a flat segment. */
    public static final int ZERO = 0x080;

    public static final int RIP = 0x088;
    /** Lazy flags, see {@code portcullis.soft.cpu.Flags}: last result, sign-extended to 64 bits. */
    public static final int RESULT = 0x090;
    /** Lazy flags: carry chain and corrections. */
    public static final int AUX = 0x098;
    /** RFLAGS without the six status flags. */
    public static final int RFLAGS = 0x0a0;
    /** Requests to the CPU; not zero makes it leave the block loop. 32 bits, written by any thread. */
    public static final int POLL = 0x0b0;

    /** Segment bases, 8 bytes each, in {@code SegmentRegister} order: ES CS SS DS FS GS LDTR TR. */
    public static final int SEGMENT_BASE = 0x0c0;
    /** Segment limits, granularity applied, unsigned in 8 bytes. */
    public static final int SEGMENT_LIMIT = 0x100;
    /** Access rights in VMX layout, 4 bytes each. */
    public static final int SEGMENT_ATTRIBUTES = 0x140;
    /** Selectors, 4 bytes each. */
    public static final int SEGMENT_SELECTOR = 0x160;

    public static final int CR0 = 0x180;
    public static final int CR2 = 0x188;
    public static final int CR3 = 0x190;
    public static final int CR4 = 0x198;
    public static final int CR8 = 0x1a0;
    public static final int EFER = 0x1a8;
    public static final int XCR0 = 0x1b0;
    /** DR0 to DR3, then DR6, DR7. */
    public static final int DR = 0x1b8;

    public static final int DR6 = DR + 4 * 8;
    public static final int DR7 = DR + 5 * 8;
    public static final int PKRU = 0x1e8;

    /** 16 vector registers, 32 bytes each: XMM in the low half. */
    public static final int VECTOR = 0x200;

    public static final int VECTOR_STRIDE = 32;
    /** 8 physical x87 registers, 16 bytes each: significand, then sign and exponent in 16 bits. MMX aliases the significands. */
    public static final int X87 = 0x400;

    public static final int MXCSR = 0x480;
    /** x87 control word, 4 bytes. */
    public static final int FCW = 0x484;
    /** x87 status word (TOP in bits 13:11), 4 bytes; with the tags behind it one aligned long. */
    public static final int FSW = 0x488;
    /** x87 tag word, 4 bytes. A tag is 3 where the register is empty; 0 to 2 all mean in use. */
    public static final int FTW = 0x48c;
    /** Last x87 opcode (11 bits) and its code selector, 4 bytes each, one aligned long. */
    public static final int FOP = 0x490;

    public static final int FCS = 0x494;
    /** Its instruction pointer, then the data pointer and selector of the last one with an operand in memory. */
    public static final int FIP = 0x498;

    public static final int FDP = 0x4a0;
    public static final int FDS = 0x4a8;

    /** First-level TLB: {@link #TLB_ENTRIES} entries of four longs: read tag, write tag, addend (host minus linear
     * address), backing address of the page. A tag is the linear page or-ed with the context id in the low 12 bits; 0
     * never matches. */
    public static final int TLB = 0x1000;

    public static final int TLB_ENTRIES = 1024;
    public static final int TLB_ENTRY_SHIFT = 5;
    public static final int TLB_WRITE = 8;
    public static final int TLB_ADDEND = 16;
    public static final int TLB_PAGE = 24;

    public static final int SIZE = TLB + (TLB_ENTRIES << TLB_ENTRY_SHIFT);

    private State() {}
}
