package portcullis.soft.fp.sse;

/** Rounding to whole numbers. */
final class Rounding {
    private Rounding() {}

    /** {@code x} rounded to a whole number, the sign of a zero result that of {@code x}. Floats pass through exactly. */
    static double toIntegral(double x, int rounding) {
        return switch (rounding) {
            case Mxcsr.NEAREST -> Math.rint(x);
            case Mxcsr.DOWN -> Math.floor(x);
            case Mxcsr.UP -> Math.ceil(x);
            default -> x < 0 ? Math.ceil(x) : Math.floor(x);
        };
    }
}
