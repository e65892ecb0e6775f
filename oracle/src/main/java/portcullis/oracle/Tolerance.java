package portcullis.oracle;

/** How far apart two results may be that the manual defines only approximately. */
final class Tolerance {
    /** RCPPS and RSQRTPS: a relative error of 1.5 * 2^-12 each, on either side of the truth. */
    private static final double RECIPROCAL = 2 * 1.5 / (1 << 12);

    /** x87 transcendental instructions: one unit in the last place (SDM volume 1, 8.3.10), on either side of the truth. */
    private static final int UNITS = 2;

    private Tolerance() {}

    /** Two pairs of floats. */
    static boolean reciprocals(long expected, long actual) {
        return reciprocal((int) expected, (int) actual) && reciprocal((int) (expected >>> 32), (int) (actual >>> 32));
    }

    private static boolean reciprocal(int expected, int actual) {
        if (expected == actual) {
            return true;
        }
        double a = Float.intBitsToFloat(expected);
        double b = Float.intBitsToFloat(actual);
        return Double.isFinite(a) && Math.abs(a - b) <= RECIPROCAL * Math.abs(a);
    }

    /** Two 80-bit numbers: sign and exponent, significand. */
    static boolean extended(int expectedTop, long expected, int actualTop, long actual) {
        if (expectedTop == actualTop) {
            return Math.abs(expected - actual) <= UNITS;
        }
        // Across a power of two.
        if (Math.abs(expectedTop - actualTop) != 1) {
            return false;
        }
        long larger = expectedTop > actualTop ? expected : actual;
        long smaller = expectedTop > actualTop ? actual : expected;
        return larger - Long.MIN_VALUE <= UNITS
                && larger - Long.MIN_VALUE >= 0
                && -1 - smaller <= 2 * UNITS
                && smaller < 0;
    }
}
