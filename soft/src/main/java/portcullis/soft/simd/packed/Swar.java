package portcullis.soft.simd.packed;

/**
 * Element-wise arithmetic within a long, for elements of any width: {@code high} has the top bit of every element set. Carries
 * are kept from crossing into the next element by working on the top bits apart.
 */
final class Swar {
    private Swar() {}

    static long add(long a, long b, long high) {
        return (a & ~high) + (b & ~high) ^ (a ^ b) & high;
    }

    static long subtract(long a, long b, long high) {
        return (a | high) - (b & ~high) ^ (a ^ ~b) & high;
    }

    /** All ones in elements whose top bit is set in {@code tops}, a subset of {@code high}. */
    static long fill(long tops, int width) {
        return (tops << 1) - (tops >>> width - 1);
    }

    static long addUnsignedSaturating(long a, long b, long high, int width) {
        long sum = add(a, b, high);
        long carry = (a & b | (a | b) & ~sum) & high;
        return sum | fill(carry, width);
    }

    static long subtractUnsignedSaturating(long a, long b, long high, int width) {
        long difference = subtract(a, b, high);
        return difference & ~fill(borrow(a, b, difference) & high, width);
    }

    private static long borrow(long a, long b, long difference) {
        return ~a & b | ~(a ^ b) & difference;
    }

    static long addSigned(long a, long b, long high, int width) {
        long sum = add(a, b, high);
        return saturate(sum, ~(a ^ b) & (a ^ sum) & high, a, high, width);
    }

    static long subtractSigned(long a, long b, long high, int width) {
        long difference = subtract(a, b, high);
        return saturate(difference, (a ^ b) & (a ^ difference) & high, a, high, width);
    }

    /** Replaces elements that overflowed by the extreme of {@code a}'s sign. */
    private static long saturate(long result, long overflow, long a, long high, int width) {
        long mask = fill(overflow, width);
        long extreme = ~high + ((a & high) >>> width - 1);
        return result & ~mask | extreme & mask;
    }

    static long greaterSigned(long a, long b, long high, int width) {
        return lessUnsigned(b ^ high, a ^ high, high, width);
    }

    static long lessUnsigned(long a, long b, long high, int width) {
        return fill(borrow(a, b, subtract(a, b, high)) & high, width);
    }

    static long equal(long a, long b, long high, int width) {
        long different = a ^ b;
        long nonZero = (different & ~high) + ~high | different;
        return fill(~nonZero & high, width);
    }

    static long select(long mask, long ifSet, long ifClear) {
        return ifSet & mask | ifClear & ~mask;
    }

    /** PSIGN: negated where {@code control} is negative, zero where it is zero. */
    static long applySign(long a, long control, long high, int width) {
        long negative = fill(control & high, width);
        return subtract(a ^ negative, negative, high) & ~equal(control, 0, high, width);
    }

    static long absolute(long a, long high, int width) {
        long negative = fill(a & high, width);
        return subtract(a ^ negative, negative, high);
    }
}
