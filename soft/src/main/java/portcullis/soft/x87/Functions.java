package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.Extended;
import portcullis.soft.fp.x87.StatusWord;
import portcullis.soft.fp.x87.X87Arithmetic;

/** Instructions D9 E0 to D9 FF that compute from ST(0), or ST(0) and ST(1). */
final class Functions extends X87Op {
    // kind: the low bits of ModRM
    private static final int FCHS = 0x20;
    private static final int FABS = 0x21;
    private static final int F2XM1 = 0x30;
    private static final int FYL2X = 0x31;
    private static final int FPTAN = 0x32;
    private static final int FPATAN = 0x33;
    private static final int FXTRACT = 0x34;
    private static final int FPREM1 = 0x35;
    private static final int FPREM = 0x38;
    private static final int FYL2XP1 = 0x39;
    private static final int FSQRT = 0x3a;
    private static final int FSINCOS = 0x3b;
    private static final int FRNDINT = 0x3c;
    private static final int FSCALE = 0x3d;
    private static final int FSIN = 0x3e;
    private static final int FCOS = 0x3f;

    static final Family FAMILY = Functions::new;

    private final int kind;

    private Functions(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable t) {
        add(t, "FCHS", FCHS);
        add(t, "FABS", FABS);
        add(t, "F2XM1", F2XM1);
        add(t, "FYL2X", FYL2X);
        add(t, "FPTAN", FPTAN);
        add(t, "FPATAN", FPATAN);
        add(t, "FXTRACT", FXTRACT);
        add(t, "FPREM1", FPREM1);
        add(t, "FPREM", FPREM);
        add(t, "FYL2XP1", FYL2XP1);
        add(t, "FSQRT", FSQRT);
        add(t, "FSINCOS", FSINCOS);
        add(t, "FRNDINT", FRNDINT);
        add(t, "FSCALE", FSCALE);
        add(t, "FSIN", FSIN);
        add(t, "FCOS", FCOS);
    }

    private static void add(OpcodeTable t, String name, int kind) {
        t.add("D9 =%02X".formatted(0xc0 | kind), name, FAMILY, kind);
    }

    @Override
    public void execute(Cpu cpu) {
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        switch (kind) {
            case FYL2X, FYL2XP1, FPATAN -> popping(cpu, fp, unit);
            case FPREM, FPREM1, FSCALE -> binary(cpu, fp, unit);
            case FPTAN, FXTRACT, FSINCOS -> pushing(cpu, fp, unit);
            default -> unary(cpu, fp, unit);
        }
    }

    private void unary(Cpu cpu, X87Arithmetic fp, long unit) {
        int top = X87Unit.top(unit);
        boolean stored = X87Unit.isEmpty(unit, top)
                ? fp.stackUnderflow()
                : apply(fp, X87Unit.significand(cpu, top), X87Unit.signExponent(cpu, top));
        long after = stored ? store(cpu, fp, unit, top) : unit;
        conclude(cpu, fp, after, kind >= FSIN ? StatusWord.C2 | StatusWord.C1 : StatusWord.C1);
    }

    private boolean apply(X87Arithmetic fp, long significand, int signExponent) {
        return switch (kind) {
            case FSQRT -> fp.squareRoot(significand, signExponent);
            case FRNDINT -> fp.roundToInteger(significand, signExponent);
            case F2XM1 -> fp.twoToXMinusOne(significand, signExponent);
            case FSIN -> fp.sine(significand, signExponent);
            case FCOS -> fp.cosine(significand, signExponent);
            default -> {
                // Signs change even of what is no number.
                fp.significand = significand;
                fp.signExponent = kind == FCHS ? signExponent ^ Extended.SIGN : signExponent & ~Extended.SIGN;
                yield true;
            }
        };
    }

    /** ST(0) from ST(0) and ST(1). */
    private void binary(Cpu cpu, X87Arithmetic fp, long unit) {
        int top = X87Unit.top(unit);
        int next = top + 1 & 7;
        long aSig = X87Unit.significand(cpu, top);
        int aSe = X87Unit.signExponent(cpu, top);
        long bSig = X87Unit.significand(cpu, next);
        int bSe = X87Unit.signExponent(cpu, next);
        boolean stored;
        if (X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, next)) {
            stored = fp.stackUnderflow();
        } else {
            stored = switch (kind) {
                case FPREM -> fp.remainder(aSig, aSe, bSig, bSe);
                case FPREM1 -> fp.nearestRemainder(aSig, aSe, bSig, bSe);
                default -> fp.scale(aSig, aSe, bSig, bSe);
            };
        }
        long after = stored ? store(cpu, fp, unit, top) : unit;
        conclude(cpu, fp, after, binaryConditions(fp, stored));
    }

    /** FPREM and FPREM1 set all condition codes where there is a quotient, and else C2 and C1 alone. */
    private int binaryConditions(X87Arithmetic fp, boolean stored) {
        if (kind == FSCALE) {
            return StatusWord.C1;
        }
        boolean quotient = stored && (fp.signExponent & Extended.EXPONENT_MASK) != Extended.EXPONENT_MASK;
        return quotient ? StatusWord.CONDITIONS : StatusWord.C2 | StatusWord.C1;
    }

    /** ST(1) from ST(0) and ST(1); ST(0) is popped. */
    private void popping(Cpu cpu, X87Arithmetic fp, long unit) {
        int top = X87Unit.top(unit);
        int next = top + 1 & 7;
        long aSig = X87Unit.significand(cpu, top);
        int aSe = X87Unit.signExponent(cpu, top);
        long bSig = X87Unit.significand(cpu, next);
        int bSe = X87Unit.signExponent(cpu, next);
        boolean stored;
        if (X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, next)) {
            stored = fp.stackUnderflow();
        } else {
            stored = switch (kind) {
                case FYL2X -> fp.logarithm(aSig, aSe, bSig, bSe);
                case FYL2XP1 -> fp.logarithmPlusOne(aSig, aSe, bSig, bSe);
                default -> fp.arctangent(aSig, aSe, bSig, bSe);
            };
        }
        conclude(cpu, fp, stored ? pop(store(cpu, fp, unit, next)) : unit);
    }

    /** ST(0) is replaced by one result, and a second one pushed. */
    private void pushing(Cpu cpu, X87Arithmetic fp, long unit) {
        int top = X87Unit.top(unit);
        int above = top - 1 & 7;
        boolean stored;
        if (X87Unit.isEmpty(unit, top) || !X87Unit.isEmpty(unit, above)) {
            stored = X87Unit.isEmpty(unit, top) ? fp.stackUnderflow() : fp.stackOverflow();
            fp.secondSignificand = Extended.INDEFINITE_SIGNIFICAND;
            fp.secondSignExponent = Extended.INDEFINITE_SIGN_EXPONENT;
        } else {
            long significand = X87Unit.significand(cpu, top);
            int signExponent = X87Unit.signExponent(cpu, top);
            stored = switch (kind) {
                case FPTAN -> fp.tangent(significand, signExponent);
                case FSINCOS -> fp.sineAndCosine(significand, signExponent);
                default -> fp.extract(significand, signExponent);
            };
        }
        long after = unit;
        if (stored) {
            after = store(cpu, fp, unit, top);
            X87Unit.register(cpu, above, fp.secondSignificand, fp.secondSignExponent);
            after = X87Unit.pushed(X87Unit.used(after, above));
        }
        conclude(cpu, fp, after, kind == FXTRACT ? StatusWord.C1 : StatusWord.C2 | StatusWord.C1);
    }
}
