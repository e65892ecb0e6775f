package portcullis.soft.fp.sse;

/**
 * Floating-point state and arithmetic of one virtual CPU's SSE unit. Not thread safe; allocates nothing after construction.
 *
 * <p>An instruction calls an operation for each element, then {@link Mxcsr#settle} once:
 *
 * <pre>{@code
 * long low = sse.f64.add(a0, b0);
 * long high = sse.f64.add(a1, b1);
 * if (sse.mxcsr.settle()) {
 *     // raise #XM, destination untouched
 * }
 * }</pre>
 */
public final class SseArithmetic {
    public final Mxcsr mxcsr = new Mxcsr();
    /** Scalar binary32 operations. */
    public final FloatArithmetic f32;
    /** Scalar binary64 operations. */
    public final DoubleArithmetic f64;

    public final Conversions convert;

    public SseArithmetic() {
        SoftFloat exact = new SoftFloat(mxcsr);
        f32 = new FloatArithmetic(mxcsr, exact);
        f64 = new DoubleArithmetic(mxcsr, exact);
        convert = new Conversions(mxcsr, exact);
    }

    /**
     * The sum that DPPS stores. Products and the two levels of sums are rounded and flagged one by one, each level ending the
     * instruction if it raises an unmasked exception; products that bits 7:4 of the immediate leave out are +0.
     *
     * @param aLow, aHigh, bLow, bHigh four binary32 elements an operand, the first in the low half of Low
     */
    public int dotProductOfFloats(long aLow, long aHigh, long bLow, long bHigh, int immediate) {
        long low = productsOfFloats(aLow, bLow, immediate >>> 4);
        long high = productsOfFloats(aHigh, bHigh, immediate >>> 6);
        if (mxcsr.endsAtStep()) {
            return 0;
        }
        int lowSum = sumOfFloats(low);
        int highSum = sumOfFloats(high);
        return mxcsr.endsAtStep() ? 0 : f32.add(lowSum, highSum);
    }

    /** The first step of {@link #dotProductOfFloats}: two products, +0 where their bit of {@code selection} is clear. */
    public long productsOfFloats(long a, long b, int selection) {
        int low = (selection & 1) != 0 ? f32.multiply((int) a, (int) b) : 0;
        int high = (selection & 2) != 0 ? f32.multiply((int) (a >>> 32), (int) (b >>> 32)) : 0;
        return low & 0xffff_ffffL | (long) high << 32;
    }

    /** The sum of a long's two binary32 elements. */
    public int sumOfFloats(long pair) {
        return f32.add((int) pair, (int) (pair >>> 32));
    }

    /** The sum that DPPD stores; as {@link #dotProductOfFloats} with two binary64 elements and bits 5:4. */
    public long dotProductOfDoubles(long aLow, long aHigh, long bLow, long bHigh, int immediate) {
        long p0 = (immediate & 0x10) != 0 ? f64.multiply(aLow, bLow) : 0;
        long p1 = (immediate & 0x20) != 0 ? f64.multiply(aHigh, bHigh) : 0;
        return mxcsr.endsAtStep() ? 0 : f64.add(p0, p1);
    }
}
