package portcullis.oracle.generate;

import portcullis.oracle.isa.Flags;

/**
 * What an item does to the status flags, as bits of RFLAGS.
 *
 * @param written get a defined value whatever happens
 * @param undefined may get an undefined value
 * @param read the result depends on them
 */
public record FlagEffect(int written, int undefined, int read) {
    public static final FlagEffect NONE = new FlagEffect(0, 0, 0);

    /** The flags with undefined values after it, if those in {@code before} had undefined values before. */
    int after(int before) {
        return before & ~written | undefined;
    }

    /** Shifts and rotates by a count that is known; {@code rule} is the table's, {@code bits} the operand width. */
    static FlagEffect ofShift(String rule, int count, int bits) {
        int masked = count & (bits == 64 ? 63 : 31);
        int reads = rule.equals("rotatecarry") ? Flags.C : 0;
        if (masked == 0) {
            return NONE;
        }
        int overflow = masked == 1 ? Flags.O : 0;
        int undefined = Flags.O & ~overflow;
        int written = overflow | Flags.C;
        switch (rule) {
            case "rotate" -> {}
            case "rotatecarry" -> {
                // By a multiple of the width and one, nothing moves, and the carry is what it was: read is enough.
            }
            case "sar" -> {
                written |= Flags.S | Flags.Z | Flags.P;
                undefined |= Flags.A;
            }
            case "shift", "shiftdouble" -> {
                written |= Flags.S | Flags.Z | Flags.P;
                undefined |= Flags.A;
                if (masked >= bits) {
                    // SDM, SHL and SHR: "the CF flag contains an undefined value" for counts not below the width.
                    written &= ~Flags.C;
                    undefined |= Flags.C;
                }
            }
            default -> throw new IllegalArgumentException(rule);
        }
        return new FlagEffect(written, undefined, reads);
    }

    /** Shifts and rotates by CL with an unknown value: flags may stay as they were, or be undefined. */
    static FlagEffect ofUnknownShift(String rule, int bits) {
        int reads = rule.equals("rotatecarry") ? Flags.C : 0;
        int undefined = switch (rule) {
            case "rotate", "rotatecarry" -> Flags.O;
            case "sar" -> Flags.O | Flags.A;
            default -> Flags.O | Flags.A | (bits < 32 ? Flags.C : 0);
        };
        return new FlagEffect(0, undefined, reads);
    }
}
