package portcullis.soft.cpu;

import portcullis.memory.host.HostMemory;
import portcullis.soft.state.State;

/**
 * RFLAGS with lazy status flags.
 *
 * <p>An arithmetic instruction stores two longs from which all six status flags follow without knowing the operation:
 * {@code RESULT}, sign-extended to 64 bits, gives ZF, SF and PF; {@code AUX} gives the rest: bit 63 CF, bit 62 the carry into
 * the sign bit (OF is their exclusive or), bit 3 AF, bits 15:8 a correction to the byte whose parity is PF, bit 0 a
 * correction to SF. The corrections are zero after arithmetic and let any combination of flags be loaded. The same carry
 * chain serves add and subtract, with and without carry.
 */
public abstract class Flags extends Registers {
    public static final long CF = 1;
    public static final long PF = 1 << 2;
    public static final long AF = 1 << 4;
    public static final long ZF = 1 << 6;
    public static final long SF = 1 << 7;
    public static final long TF = 1 << 8;
    public static final long IF = 1 << 9;
    public static final long DF = 1 << 10;
    public static final long OF = 1 << 11;
    public static final long IOPL = 3 << 12;
    public static final long NT = 1 << 14;
    public static final long RF = 1 << 16;
    public static final long VM = 1 << 17;
    public static final long AC = 1 << 18;
    public static final long VIF = 1 << 19;
    public static final long VIP = 1 << 20;
    public static final long ID = 1 << 21;
    public static final long STATUS = CF | PF | AF | ZF | SF | OF;

    /** Every flag that exists and is no status flag. */
    private static final long SYSTEM = 0x3f_7700L;

    private static final long CARRIES = 0xc000_0000_0000_0000L;

    private long result() {
        return HostMemory.getLong(state + State.RESULT);
    }

    private long aux() {
        return HostMemory.getLong(state + State.AUX);
    }

    private void lazy(long result, long aux) {
        HostMemory.putLong(state + State.RESULT, result);
        HostMemory.putLong(state + State.AUX, aux);
    }

    /** Flags of {@code a + b (+ carry) = r}, all at width {@code size} bytes; upper bits of the arguments do not matter. */
    public final void flagsAdd(long a, long b, long r, int size) {
        carries((a & b) | ((a | b) & ~r), r, size);
    }

    /** Flags of {@code a - b (- borrow) = r}. */
    public final void flagsSub(long a, long b, long r, int size) {
        carries((~a & b) | ((~a | b) & r), r, size);
    }

    private void carries(long chain, long r, int size) {
        int shift = 64 - size * 8;
        lazy(r << shift >> shift, (chain << shift & CARRIES) | (chain & 8));
    }

    /** Flags of AND, OR, XOR, TEST: CF, OF and AF clear. */
    public final void flagsLogic(long r, int size) {
        int shift = 64 - size * 8;
        lazy(r << shift >> shift, 0);
    }

    /** Flags of {@code a + 1 = r}: CF stays. */
    public final void flagsInc(long a, long r, int size) {
        int shift = 64 - size * 8;
        flagsResult(r, size, aux() >>> 63, (~a & r) << shift >>> 63, (a ^ r ^ 1) >>> 4 & 1);
    }

    /** Flags of {@code a - 1 = r}: CF stays. */
    public final void flagsDec(long a, long r, int size) {
        int shift = 64 - size * 8;
        flagsResult(r, size, aux() >>> 63, (a & ~r) << shift >>> 63, (a ^ r ^ 1) >>> 4 & 1);
    }

    /** Sets result-derived flags (ZF, SF, PF) from {@code r}, and CF, OF, AF as given (0 or 1 each). */
    public final void flagsResult(long r, int size, long carry, long overflow, long adjust) {
        int shift = 64 - size * 8;
        lazy(r << shift >> shift, carry << 63 | (carry ^ overflow) << 62 | adjust << 3);
    }

    /** Sets CF and OF (0 or 1 each), leaves the others: rotates. */
    public final void carryOverflow(long carry, long overflow) {
        HostMemory.putLong(state + State.AUX, aux() & ~CARRIES | carry << 63 | (carry ^ overflow) << 62);
    }

    public final boolean cf() {
        return aux() < 0;
    }

    public final boolean zf() {
        return result() == 0;
    }

    public final boolean sf() {
        return (result() ^ aux() << 63) < 0;
    }

    public final boolean of() {
        long aux = aux();
        return (aux ^ aux << 1) < 0;
    }

    public final boolean af() {
        return (aux() & 8) != 0;
    }

    public final boolean pf() {
        int bits = (int) (result() ^ aux() >>> 8) & 0xff;
        return (Integer.bitCount(bits) & 1) == 0;
    }

    /** The condition of Jcc, SETcc and CMOVcc: the opcode's low four bits. */
    public final boolean condition(int code) {
        boolean value = switch (code >>> 1) {
            case 0 -> of();
            case 1 -> cf();
            case 2 -> zf();
            case 3 -> cf() || zf();
            case 4 -> sf();
            case 5 -> pf();
            case 6 -> sf() != of();
            default -> zf() || sf() != of();
        };
        return value ^ (code & 1) != 0;
    }

    /** The six status flags at their places in RFLAGS. */
    public final long status() {
        long r = result();
        long a = aux();
        long flags = a >>> 63 | ((a ^ a << 1) >>> 63) << 11 | (a & 8) << 1 | ((r ^ a << 63) >>> 63) << 7;
        if (r == 0) {
            flags |= ZF;
        }
        return (Integer.bitCount((int) (r ^ a >>> 8) & 0xff) & 1) == 0 ? flags | PF : flags;
    }

    /** Loads the six status flags from their places in {@code flags}; other bits are ignored. */
    public final void status(long flags) {
        long r = (flags & ZF) != 0 ? 0 : 1L << 8;
        long signCorrection = flags >>> 7 & 1;
        // Bits 7:0 of both encodings of RESULT are zero, so PF is set unless the correction has odd parity.
        long parityCorrection = (flags & PF) != 0 ? 0 : 1L << 8;
        long carry = flags & 1;
        long overflow = flags >>> 11 & 1;
        lazy(r, carry << 63 | (carry ^ overflow) << 62 | (flags & AF) >>> 1 | parityCorrection | signCorrection);
    }

    public final void cf(boolean value) {
        carryOverflow(value ? 1 : 0, of() ? 1 : 0);
    }

    /** All of RFLAGS. */
    public final long rflags() {
        return HostMemory.getLong(state + State.RFLAGS) | status() | 2;
    }

    /** RFLAGS without the status flags and bit 1. */
    public final long systemFlags() {
        return HostMemory.getLong(state + State.RFLAGS);
    }

    public final boolean flag(long mask) {
        return (HostMemory.getLong(state + State.RFLAGS) & mask) != 0;
    }

    /** Raw store of all of RFLAGS; {@link Cpu#rflags(long)} also applies what follows from it. */
    protected final void storeRflags(long value) {
        status(value);
        HostMemory.putLong(state + State.RFLAGS, value & SYSTEM);
    }
}
