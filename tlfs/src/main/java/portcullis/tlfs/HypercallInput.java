package portcullis.tlfs;

/**
 * The hypercall input value: the control word in RCX (64-bit callers) or EDX:EAX.
 *
 * <p>Source: TLFS hypercall-interface.md, "Hypercall Inputs". v6.0b, 3.7 has the nested bit at 26, above a header size
 * of nine bits; guests and the current text have ten bits of header size and the nested bit at 31.
 *
 * @param asUint64 the 64 bits as the caller gave them
 */
public record HypercallInput(long asUint64) {
    /** Bits 15:0. */
    public static final int CALL_CODE_MASK = 0xFFFF;
    /** Bit 16: parameters in registers. */
    public static final long FAST = 1L << 16;
    /** Bits 26:17, in units of 8 bytes. */
    public static final int VARIABLE_HEADER_SIZE_SHIFT = 17;

    public static final int VARIABLE_HEADER_SIZE_MASK = 0x3FF;
    /** Bit 31: for the hypervisor at the bottom of a nesting. */
    public static final long IS_NESTED = 1L << 31;
    /** Bits 43:32. */
    public static final int REP_COUNT_SHIFT = 32;

    public static final int REP_COUNT_MASK = 0xFFF;
    /** Bits 59:48. */
    public static final int REP_START_INDEX_SHIFT = 48;

    public static final int REP_START_INDEX_MASK = 0xFFF;
    /** Bits 30:27, 47:44 and 63:60 must be zero. */
    public static final long RESERVED = 0xF000_F000_7800_0000L;

    /** Most repetitions that one call can ask for. */
    public static final int MAX_REP_COUNT = REP_COUNT_MASK;
    /** Bytes of a fast call's parameters in RDX and R8. */
    public static final int FAST_SIZE = 16;
    /** Bytes of a fast call's parameters, input and output, in RDX, R8 and XMM0 to XMM5. */
    public static final int EXTENDED_FAST_SIZE = 112;
    /** In an extended fast call output starts after the input, rounded up to this. */
    public static final int FAST_OUTPUT_ALIGNMENT = 16;
    /** Alignment, in bytes, of parameter blocks in memory and of everything in them that may follow something else. */
    public static final int ALIGNMENT = 8;

    public int callCode() {
        return (int) asUint64 & CALL_CODE_MASK;
    }

    public boolean fast() {
        return (asUint64 & FAST) != 0;
    }

    /** Size of the variable header in bytes. */
    public int variableHeaderBytes() {
        return ((int) (asUint64 >>> VARIABLE_HEADER_SIZE_SHIFT) & VARIABLE_HEADER_SIZE_MASK) * Long.BYTES;
    }

    public boolean nested() {
        return (asUint64 & IS_NESTED) != 0;
    }

    public int repCount() {
        return (int) (asUint64 >>> REP_COUNT_SHIFT) & REP_COUNT_MASK;
    }

    public int repStartIndex() {
        return (int) (asUint64 >>> REP_START_INDEX_SHIFT) & REP_START_INDEX_MASK;
    }

    /** The bits that must be zero, where they are. */
    public long reserved() {
        return asUint64 & RESERVED;
    }
}
