package portcullis.soft.fp.x87;

/**
 * The arithmetic of one processor's x87 unit on the extended format, exact to the last bit and flag.
 *
 * <p>An operation takes its operands as (significand, sign and exponent) pairs, leaves what it raised in {@link #flags} and its
 * result in the result fields, and returns whether that result is to be stored. It is not for unmasked invalid operation,
 * denormal operand and zero divide: their instructions leave destination and stack alone (SDM volume 1, 8.5). An unmasked
 * overflow or underflow has a result with an adjusted exponent for a register; conversions to memory formats then return false.
 *
 * <p>The stack itself and the delivery of exceptions are the caller's. Nothing here allocates.
 */
public final class X87Arithmetic {
    /** The control word that the next operation obeys: masks, precision and rounding ({@link ControlWord}). */
    public int control = ControlWord.INITIAL;

    /**
     * What the last operation raised: exception flags and condition codes in the status word's places ({@link StatusWord}).
     * Every operation that can raise anything starts from 0, so C1 is clear unless the operation sets it.
     */
    public int flags;

    /** The result's significand. */
    public long significand;
    /** The result's sign and exponent, 16 bits. */
    public int signExponent;

    /** The second result, of FXTRACT, FPTAN and FSINCOS: what is pushed. */
    public long secondSignificand;

    public int secondSignExponent;

    /** The result of a conversion to a format in memory: the low 64 bits. */
    public long memory;
    /** The top 16 bits of a packed decimal result. */
    public int memoryHigh;

    // What the transcendental instructions work with.
    final Wide wideA = new Wide();
    final Wide wideB = new Wide();
    final Wide wideC = new Wide();
    final Wide wideD = new Wide();

    /** a + b (FADD). */
    public boolean add(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Addition.add(this, aSig, aSe, bSig, bSe, 0);
    }

    /** a - b (FSUB). */
    public boolean subtract(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Addition.add(this, aSig, aSe, bSig, bSe, Extended.SIGN);
    }

    /** a * b (FMUL). */
    public boolean multiply(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Multiplication.multiply(this, aSig, aSe, bSig, bSe);
    }

    /** a / b (FDIV). */
    public boolean divide(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Division.divide(this, aSig, aSe, bSig, bSe);
    }

    /** The square root (FSQRT). */
    public boolean squareRoot(long sig, int se) {
        flags = 0;
        return SquareRoot.squareRoot(this, sig, se);
    }

    /** a - b * trunc(a / b), or a partial reduction with C2 (FPREM); quotient bits 2, 1, 0 in C0, C3, C1. */
    public boolean remainder(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Remainder.remainder(this, false, aSig, aSe, bSig, bSe);
    }

    /** As {@link #remainder} with the quotient rounded to nearest: the IEEE remainder (FPREM1). */
    public boolean nearestRemainder(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Remainder.remainder(this, true, aSig, aSe, bSig, bSe);
    }

    /** a * 2^trunc(b) (FSCALE). */
    public boolean scale(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Scaling.scale(this, aSig, aSe, bSig, bSe);
    }

    /** The exponent as the result, the significand, which is to be pushed, as the second one (FXTRACT). */
    public boolean extract(long sig, int se) {
        flags = 0;
        return Scaling.extract(this, sig, se);
    }

    /** Rounded to an integer (FRNDINT). */
    public boolean roundToInteger(long sig, int se) {
        flags = 0;
        return Scaling.roundToInteger(this, sig, se);
    }

    /**
     * Compares into C3, C2 and C0, which are set in every case. False after an unmasked exception, when nothing is popped (FCOM,
     * FTST).
     */
    public boolean compare(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Comparison.compare(this, false, aSig, aSe, bSig, bSe);
    }

    /** As {@link #compare}, with quiet NaNs unordered without an exception (FUCOM). */
    public boolean compareQuiet(long aSig, int aSe, long bSig, int bSe) {
        flags = 0;
        return Comparison.compare(this, true, aSig, aSe, bSig, bSe);
    }

    /** The condition codes of FXAM for a register that is not empty. Raises nothing. */
    public static int examine(long sig, int se) {
        return Comparison.examine(sig, se);
    }

    /** Loads an integer (FILD). Exact; raises nothing. */
    public void loadInteger(long value) {
        flags = 0;
        IntegerFormats.load(this, value);
    }

    /** Loads a single-precision number (FLD m32). Returns whether to push. */
    public boolean loadSingle(int bits) {
        flags = 0;
        return BinaryFormats.load(this, BinaryFormats.widenSingle(this, bits));
    }

    /** Loads a double-precision number (FLD m64). Returns whether to push. */
    public boolean loadDouble(long bits) {
        flags = 0;
        return BinaryFormats.load(this, BinaryFormats.widenDouble(this, bits));
    }

    /**
     * Widens a single-precision operand of an operation into the result fields, and raises nothing: signaling NaNs stay so.
     * Returns whether it is a denormal, which is normal once widened; see {@link #afterDenormal}.
     */
    public boolean widenSingle(int bits) {
        return BinaryFormats.widenSingle(this, bits) == Extended.DENORMAL;
    }

    /** As {@link #widenSingle}, of double precision. */
    public boolean widenDouble(long bits) {
        return BinaryFormats.widenDouble(this, bits) == Extended.DENORMAL;
    }

    /**
     * Adds the denormal-operand exception to an operation of which one operand was widened from a denormal.
     *
     * @param stored what the operation returned
     * @return the same, or false where the exception is unmasked
     */
    public boolean afterDenormal(boolean stored, long otherSig, int otherSe) {
        if ((flags & (StatusWord.INVALID | StatusWord.ZERO_DIVIDE)) != 0
                || Extended.classify(otherSig, otherSe) == Extended.QUIET_NAN) {
            return stored;
        }
        if ((control & StatusWord.DENORMAL) == 0) {
            flags = flags & (StatusWord.C3 | StatusWord.C2 | StatusWord.C0) | StatusWord.DENORMAL;
            return false;
        }
        flags |= StatusWord.DENORMAL;
        return stored;
    }

    /** An operand's register is empty; the masked response is the indefinite NaN. */
    public boolean stackUnderflow() {
        flags = StatusWord.STACK_FAULT;
        return invalid();
    }

    /** The register to push into is not empty; the masked response is the indefinite NaN. */
    public boolean stackOverflow() {
        flags = StatusWord.STACK_FAULT | StatusWord.C1;
        return invalid();
    }

    /** Loads packed decimal digits, ten bytes (FBLD). Exact; raises nothing. */
    public void loadPackedDecimal(long low, int high) {
        flags = 0;
        PackedDecimal.load(this, low, high);
    }

    /** Rounds to an integer of 16, 32 or 64 bits into {@link #memory}, sign-extended (FIST). */
    public boolean storeInteger(int bits, long sig, int se) {
        flags = 0;
        return IntegerFormats.store(this, control, bits, sig, se);
    }

    /** As {@link #storeInteger}, cutting off whatever the control word says (FISTTP). */
    public boolean storeIntegerTruncated(int bits, long sig, int se) {
        flags = 0;
        return IntegerFormats.store(this, ControlWord.ROUND_TO_ZERO, bits, sig, se);
    }

    /** Rounds to single precision into the low half of {@link #memory} (FST m32). */
    public boolean storeSingle(long sig, int se) {
        flags = 0;
        return BinaryFormats.storeSingle(this, sig, se);
    }

    /** Rounds to double precision into {@link #memory} (FST m64). */
    public boolean storeDouble(long sig, int se) {
        flags = 0;
        return BinaryFormats.storeDouble(this, sig, se);
    }

    /** Rounds to packed decimal into {@link #memory} and {@link #memoryHigh} (FBSTP). */
    public boolean storePackedDecimal(long sig, int se) {
        flags = 0;
        return PackedDecimal.store(this, sig, se);
    }

    /** The constant of opcode D9 E8 + {@code index}, 0 to 6, rounded by the control word (FLD1 to FLDZ). Raises nothing. */
    public void loadConstant(int index) {
        flags = 0;
        Constants.load(this, index);
    }

    /** 2^x - 1 (F2XM1). */
    public boolean twoToXMinusOne(long sig, int se) {
        flags = 0;
        return Exponential.twoToXMinusOne(this, sig, se);
    }

    /** y log2(x) (FYL2X). */
    public boolean logarithm(long xSig, int xSe, long ySig, int ySe) {
        flags = 0;
        return Logarithm.logarithm(this, xSig, xSe, ySig, ySe);
    }

    /** y log2(x + 1) (FYL2XP1). */
    public boolean logarithmPlusOne(long xSig, int xSe, long ySig, int ySe) {
        flags = 0;
        return Logarithm.logarithmPlusOne(this, xSig, xSe, ySig, ySe);
    }

    /** The angle of the point (x, y) (FPATAN). */
    public boolean arctangent(long xSig, int xSe, long ySig, int ySe) {
        flags = 0;
        return Arctangent.arctangent(this, xSig, xSe, ySig, ySe);
    }

    /** sin(x) (FSIN). An argument out of range sets C2 and has no result. */
    public boolean sine(long sig, int se) {
        flags = 0;
        return Trigonometry.sine(this, sig, se);
    }

    /** cos(x) (FCOS). An argument out of range sets C2 and has no result. */
    public boolean cosine(long sig, int se) {
        flags = 0;
        return Trigonometry.cosine(this, sig, se);
    }

    /** sin(x), and as second result, which is to be pushed, cos(x) (FSINCOS). Out of range: C2 and no result. */
    public boolean sineAndCosine(long sig, int se) {
        flags = 0;
        return Trigonometry.sineAndCosine(this, sig, se);
    }

    /** tan(x), and as second result, which is to be pushed, 1, or the same NaN (FPTAN). Out of range: C2 and no result. */
    public boolean tangent(long sig, int se) {
        flags = 0;
        return Trigonometry.tangent(this, sig, se);
    }

    /** Sets the result. Always true, so that operations can end in it. */
    boolean set(long resultSignificand, int resultSignExponent) {
        significand = resultSignificand;
        signExponent = resultSignExponent;
        return true;
    }

    boolean setSecond(long resultSignificand, int resultSignExponent) {
        secondSignificand = resultSignificand;
        secondSignExponent = resultSignExponent;
        return true;
    }

    /** Raises #IA; whether it is masked. */
    boolean raiseInvalid() {
        flags |= StatusWord.INVALID;
        return (control & StatusWord.INVALID) != 0;
    }

    /** Raises #IA; its masked response is the indefinite NaN. */
    boolean invalid() {
        return raiseInvalid() && set(Extended.INDEFINITE_SIGNIFICAND, Extended.INDEFINITE_SIGN_EXPONENT);
    }

    /** Raises #D; whether the operation goes on. */
    boolean denormalOperand() {
        flags |= StatusWord.DENORMAL;
        return (control & StatusWord.DENORMAL) != 0;
    }

    /** Raises #Z; its masked response is an infinity. */
    boolean zeroDivide(int sign) {
        flags |= StatusWord.ZERO_DIVIDE;
        return (control & StatusWord.ZERO_DIVIDE) != 0
                && set(Extended.INFINITY_SIGNIFICAND, sign | Extended.EXPONENT_MASK);
    }

    /**
     * Rounds to the precision of the control word: the last step of the five basic operations. Arguments as in {@link
     * Rounding}.
     */
    boolean round(int sign, int exponent, long high, long low) {
        if ((control & (ControlWord.PRECISION | ControlWord.ROUNDING)) == ControlWord.PRECISION_EXTENDED
                && exponent > 0
                && exponent < Extended.EXPONENT_MASK - 1) {
            // Full precision, to nearest, and too far from the bounds for a carry to matter: nearly every operation
            // there is.
            long rounded = high;
            int roundedExponent = exponent;
            if (low != 0) {
                if (low < 0 && (low != Long.MIN_VALUE || (high & 1) != 0)) {
                    flags |= StatusWord.PRECISION | StatusWord.C1;
                    if (++rounded == 0) {
                        rounded = Extended.INTEGER_BIT;
                        roundedExponent++;
                    }
                } else {
                    flags |= StatusWord.PRECISION;
                }
            }
            return set(rounded, sign | roundedExponent);
        }
        return Rounding.toPrecision(this, ControlWord.precisionBits(control), sign, exponent, high, low);
    }

    /** Rounds to full precision: the last step of everything that precision control does not govern. */
    boolean roundExtended(int sign, int exponent, long high, long low) {
        return Rounding.toExtended(this, sign, exponent, high, low);
    }

    /** Rounds a result that is known not to be exact. */
    boolean roundInexact(Wide value) {
        return Rounding.toPrecision(
                this,
                64,
                value.negative ? Extended.SIGN : 0,
                value.exponent + Extended.BIAS,
                value.high,
                value.low | 1);
    }
}
