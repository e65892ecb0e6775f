package portcullis.tlfs;

/**
 * The form of a hypercall: simple or rep, and how many bytes its parameters have. Sizes are those of the structures,
 * padded to what may follow them; a caller's whole input or output is rounded up to 8 bytes.
 *
 * <p>Source: TLFS hypercall-interface.md, "Hypercall Classes" and "Variable Sized Hypercall Input Headers".
 *
 * @param kind simple or rep
 * @param variableHeader whether the caller may give a variable header after the fixed one
 * @param inputHeader bytes of the fixed input header; -1 where the specification does not publish it
 * @param inputElement bytes of an input list element; 0 for a simple call, and where there is no such list
 * @param outputHeader bytes of the output of a simple call; 0 for a rep call
 * @param outputElement bytes of an output list element; 0 for a simple call, and where there is no such list
 */
public record CallShape(
        Kind kind, boolean variableHeader, int inputHeader, int inputElement, int outputHeader, int outputElement) {
    /** The two classes of hypercalls. */
    public enum Kind {
        SIMPLE,
        REP
    }

    /** In which registers a call's parameters can be. */
    public enum Fast {
        /** Nowhere but in memory. */
        NONE,
        /** RDX and R8: at most 16 bytes in, nothing out. */
        REGISTERS,
        /** RDX, R8 and XMM0 to XMM5, where the partition has them: 112 bytes in and out together. */
        EXTENDED
    }

    static CallShape simple(int input, int output) {
        return new CallShape(Kind.SIMPLE, false, input, 0, output, 0);
    }

    static CallShape rep(int inputHeader, int inputElement, int outputElement) {
        return new CallShape(Kind.REP, false, inputHeader, inputElement, 0, outputElement);
    }

    /** A call whose structures no version of the specification shows. */
    static CallShape unpublished(boolean rep) {
        return new CallShape(rep ? Kind.REP : Kind.SIMPLE, false, -1, 0, 0, 0);
    }

    /** The same, with a header that may be longer. */
    CallShape variable() {
        return new CallShape(kind, true, inputHeader, inputElement, outputHeader, outputElement);
    }

    public boolean rep() {
        return kind == Kind.REP;
    }

    public boolean published() {
        return inputHeader >= 0;
    }

    /**
     * What a fast call of this form needs at least: with one element, and without a variable header. The specification
     * marks the calls of {@link Fast#REGISTERS} in v6.0b, Appendix A, but not the newer ones; that all that fit are
     * meant is how guests read it.
     */
    public Fast fast() {
        if (!published()) {
            return Fast.NONE;
        }
        int input = inputHeader + inputElement;
        int output = outputHeader + outputElement;
        if (input <= HypercallInput.FAST_SIZE && output == 0) {
            return Fast.REGISTERS;
        }
        int alignment = HypercallInput.FAST_OUTPUT_ALIGNMENT;
        int roundedInput = output == 0 ? input : (input + alignment - 1) / alignment * alignment;
        return roundedInput + output <= HypercallInput.EXTENDED_FAST_SIZE ? Fast.EXTENDED : Fast.NONE;
    }
}
