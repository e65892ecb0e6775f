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
        int p0 = (immediate & 0x10) != 0 ? f32.multiply((int) aLow, (int) bLow) : 0;
        int p1 = (immediate & 0x20) != 0 ? f32.multiply((int) (aLow >>> 32), (int) (bLow >>> 32)) : 0;
        int p2 = (immediate & 0x40) != 0 ? f32.multiply((int) aHigh, (int) bHigh) : 0;
        int p3 = (immediate & 0x80) != 0 ? f32.multiply((int) (aHigh >>> 32), (int) (bHigh >>> 32)) : 0;
        if (mxcsr.endsAtStep()) {
            return 0;
        }
        int low = f32.add(p0, p1);
        int high = f32.add(p2, p3);
        return mxcsr.endsAtStep() ? 0 : f32.add(low, high);
    }

    /** The sum that DPPD stores; as {@link #dotProductOfFloats} with two binary64 elements and bits 5:4. */
    public long dotProductOfDoubles(long aLow, long aHigh, long bLow, long bHigh, int immediate) {
        long p0 = (immediate & 0x10) != 0 ? f64.multiply(aLow, bLow) : 0;
        long p1 = (immediate & 0x20) != 0 ? f64.multiply(aHigh, bHigh) : 0;
        return mxcsr.endsAtStep() ? 0 : f64.add(p0, p1);
    }
}
