package portcullis.soft.integer;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;

/** ROL ROR RCL RCR SHL SHR SAR by 1, CL or an immediate. */
final class Shift extends Template {
    private static final int ROL = 0;
    private static final int ROR = 1;
    private static final int RCL = 2;
    private static final int RCR = 3;
    private static final int SHL = 4;
    private static final int SHR = 5;
    private static final int SAR = 7;
    private static final String[] NAMES = {"ROL", "ROR", "RCL", "RCR", "SHL", "SHR", "SHL", "SAR"};

    // Key: kind 2:0, log2 of the size 4:3, count in CL 5, memory 6, flat 7.
    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = (KEY & 7) == 6 ? SHL : KEY & 7;
    private static final int SIZE = 1 << (KEY >>> 3 & 3);
    private static final boolean BY_CL = (KEY & 1 << 5) != 0;
    private static final boolean MEMORY = (KEY & 1 << 6) != 0;
    private static final boolean FLAT = (KEY & 1 << 7) != 0;
    private static final int BITS = SIZE * 8;
    private static final long MASK = SIZE == 8 ? -1L : (1L << SIZE * 8) - 1;

    private static final Specializations SPECIALIZED = new Specializations(Shift.class);

    static final Family FAMILY = Shift::specialize;

    private final int target;
    private final int count;

    private Shift(Instruction in) {
        super(in);
        if (in == null) {
            target = 0;
            count = 0;
            return;
        }
        Operand[] operands = in.encoding.operands;
        target = in.register(in.rm, in.size(operands[0]));
        count = operands[1] == Operand.ONE ? 1 : (int) in.immediate & 0xff;
    }

    @Override
    protected Op make(Instruction in) {
        return new Shift(in);
    }

    private static Op specialize(Instruction in) {
        Operand[] operands = in.encoding.operands;
        int key = in.encoding.kind
                | log2(in.size(operands[0])) << 3
                | (operands[1] == Operand.CL ? 1 << 5 : 0)
                | (in.memory ? 1 << 6 : 0)
                | (in.memory && isFlat(in) ? 1 << 7 : 0);
        return SPECIALIZED.make(key, in);
    }

    static void register(OpcodeTable t) {
        for (int kind = 0; kind < 8; kind++) {
            t.add("C0 /" + kind, NAMES[kind] + " Eb,Ib", FAMILY, kind);
            t.add("C1 /" + kind, NAMES[kind] + " Ev,Ib", FAMILY, kind);
            t.add("D0 /" + kind, NAMES[kind] + " Eb,ONE", FAMILY, kind);
            t.add("D1 /" + kind, NAMES[kind] + " Ev,ONE", FAMILY, kind);
            t.add("D2 /" + kind, NAMES[kind] + " Eb,CL", FAMILY, kind);
            t.add("D3 /" + kind, NAMES[kind] + " Ev,CL", FAMILY, kind);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        int by = (BY_CL ? cpu.r8(8) : count) & (SIZE == 8 ? 63 : 31);
        if (!MEMORY) {
            long value = cpu.reg(target, SIZE);
            // A count of zero changes no flag, but a 32-bit target's upper half is cleared all the same.
            cpu.reg(target, SIZE, by == 0 ? value : shift(cpu, value, by));
            return;
        }
        long la = address(cpu, FLAT, SIZE, true);
        long host = cpu.hostForModify(la, SIZE);
        if (host == 0) {
            long value = cpu.beginModify(la, SIZE);
            long flags = cpu.status();
            long result = by == 0 ? value : shift(cpu, value, by);
            long after = cpu.status();
            cpu.status(flags);
            cpu.writeSlow(la, SIZE, result);
            cpu.status(after);
        } else if (by != 0) {
            cpu.write(la, SIZE, shift(cpu, Atomics.load(host, SIZE), by));
        }
    }

    private static long bit(long value, int number) {
        return value >>> number & 1;
    }

    /** The result, flags into the CPU; {@code by} is not zero, {@code value} zero-extended. */
    private static long shift(Cpu cpu, long value, int by) {
        return switch (KIND) {
            case SHL -> {
                long r = by >= 64 ? 0 : value << by;
                long carry = by <= BITS ? bit(value, BITS - by) : 0;
                cpu.flagsResult(r, SIZE, carry, bit(r, BITS - 1) ^ carry, 0);
                yield r;
            }
            case SHR -> {
                long r = value >>> by;
                cpu.flagsResult(
                        r,
                        SIZE,
                        bit(value, by - 1),
                        by == 1 ? bit(value, BITS - 1) : bit(r, BITS - 1) ^ bit(r, BITS - 2),
                        0);
                yield r;
            }
            case SAR -> {
                long signed = value << 64 - BITS >> 64 - BITS;
                long r = signed >> by;
                cpu.flagsResult(r, SIZE, bit(signed, by - 1), 0, 0);
                yield r;
            }
            case ROL -> {
                int n = by & BITS - 1;
                long r = n == 0 ? value : (value << n | value >>> BITS - n) & MASK;
                cpu.carryOverflow(r & 1, r & 1 ^ bit(r, BITS - 1));
                yield r;
            }
            case ROR -> {
                int n = by & BITS - 1;
                long r = n == 0 ? value : (value >>> n | value << BITS - n) & MASK;
                cpu.carryOverflow(bit(r, BITS - 1), bit(r, BITS - 1) ^ bit(r, BITS - 2));
                yield r;
            }
            default -> throughCarry(cpu, value, by);
        };
    }

    private static long throughCarry(Cpu cpu, long value, int by) {
        int n = SIZE < 4 ? by % (BITS + 1) : by;
        long carry = cpu.cf() ? 1 : 0;
        long r = value;
        if (n == 0) {
            cpu.carryOverflow(carry, KIND == RCL ? bit(r, BITS - 1) ^ carry : bit(r, BITS - 1) ^ bit(r, BITS - 2));
            return r;
        }
        long out;
        if (KIND == RCL) {
            out = bit(value, BITS - n);
            r = n == 64 ? 0 : value << n;
            r |= carry << n - 1;
            r |= n > 1 ? value >>> BITS - n + 1 : 0;
            r &= MASK;
            cpu.carryOverflow(out, bit(r, BITS - 1) ^ out);
        } else {
            out = bit(value, n - 1);
            r = n == 64 ? 0 : value >>> n;
            r |= carry << BITS - n;
            r |= n > 1 ? value << BITS - n + 1 : 0;
            r &= MASK;
            cpu.carryOverflow(out, bit(r, BITS - 1) ^ bit(r, BITS - 2));
        }
        return r;
    }
}
