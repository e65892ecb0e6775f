package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** MUL, IMUL, DIV, IDIV; CBW and CWD in all widths. */
final class MultiplyDivide extends Op {
    private static final int MUL = 0;
    private static final int IMUL = 1;
    private static final int DIV = 2;
    private static final int IDIV = 3;
    private static final int IMUL2 = 4;
    private static final int IMUL3 = 5;
    private static final int CBW = 6;
    private static final int CWD = 7;

    static final Family FAMILY = MultiplyDivide::new;

    private final int kind;
    private final int size;

    private MultiplyDivide(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.opcode == 0xf6 ? 1 : in.operandSize;
    }

    static void register(OpcodeTable t) {
        t.add("F6 /4", "MUL Eb", FAMILY, MUL);
        t.add("F7 /4", "MUL Ev", FAMILY, MUL);
        t.add("F6 /5", "IMUL Eb", FAMILY, IMUL);
        t.add("F7 /5", "IMUL Ev", FAMILY, IMUL);
        t.add("F6 /6", "DIV Eb", FAMILY, DIV);
        t.add("F7 /6", "DIV Ev", FAMILY, DIV);
        t.add("F6 /7", "IDIV Eb", FAMILY, IDIV);
        t.add("F7 /7", "IDIV Ev", FAMILY, IDIV);
        t.add("0F AF", "IMUL Gv,Ev", FAMILY, IMUL2);
        t.add("69", "IMUL Gv,Ev,Iz", FAMILY, IMUL3);
        t.add("6B", "IMUL Gv,Ev,Ibs", FAMILY, IMUL3);
        t.add("98", "CBW", FAMILY, CBW);
        t.add("99", "CWD", FAMILY, CWD);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case MUL -> multiply(cpu, readRm(cpu, size), false);
            case IMUL -> multiply(cpu, readRm(cpu, size), true);
            case DIV -> divide(cpu, readRm(cpu, size), false);
            case IDIV -> divide(cpu, readRm(cpu, size), true);
            case IMUL2 -> truncated(cpu, readReg(cpu, size), readRm(cpu, size));
            case IMUL3 -> truncated(cpu, readRm(cpu, size), in.immediate);
            case CBW -> cpu.reg(0, size, signExtend(cpu.reg(0, size / 2), size / 2));
            default -> cpu.reg(Cpu.RDX * 8, size, signExtend(cpu.reg(0, size), size) >> 63);
        }
    }

    private static long signExtend(long value, int size) {
        int shift = 64 - size * 8;
        return value << shift >> shift;
    }

    private void multiply(Cpu cpu, long operand, boolean signed) {
        long a = cpu.reg(0, size);
        long low;
        long high;
        if (size == 8) {
            low = a * operand;
            high = signed ? Math.multiplyHigh(a, operand) : Math.unsignedMultiplyHigh(a, operand);
        } else {
            long product = signed ? signExtend(a, size) * signExtend(operand, size) : a * operand;
            low = product;
            high = product >> size * 8;
        }
        boolean wide;
        long mask = size == 8 ? -1L : (1L << size * 8) - 1;
        if (signed) {
            wide = (high & mask) != (signExtend(low, size) >> 63 & mask);
        } else {
            wide = (high & mask) != 0;
        }
        if (size == 1) {
            cpu.r16(0, (int) (low & 0xff | high << 8));
        } else {
            cpu.reg(0, size, low);
            cpu.reg(Cpu.RDX * 8, size, high);
        }
        long flag = wide ? 1 : 0;
        cpu.flagsResult(low, size, flag, flag, 0);
    }

    private void truncated(Cpu cpu, long a, long b) {
        long x = signExtend(a, size);
        long y = signExtend(b, size);
        long r = x * y;
        boolean wide = size == 8 ? Math.multiplyHigh(x, y) != r >> 63 : signExtend(r, size) != r;
        writeReg(cpu, size, r);
        long flag = wide ? 1 : 0;
        cpu.flagsResult(r, size, flag, flag, 0);
    }

    private void divide(Cpu cpu, long divisor, boolean signed) {
        if (divisor == 0) {
            throw cpu.fault(Fault.DE);
        }
        if (size == 8) {
            divide128(cpu, divisor, signed);
            return;
        }
        long low = size == 1 ? cpu.r16(0) : cpu.reg(0, size) | cpu.reg(Cpu.RDX * 8, size) << size * 8;
        int wideBits = size * 16;
        long quotient;
        long remainder;
        if (signed) {
            long dividend = low << 64 - wideBits >> 64 - wideBits;
            long by = signExtend(divisor, size);
            if (dividend == Long.MIN_VALUE && by == -1) {
                throw cpu.fault(Fault.DE);
            }
            quotient = dividend / by;
            remainder = dividend % by;
            if (signExtend(quotient, size) != quotient) {
                throw cpu.fault(Fault.DE);
            }
        } else {
            quotient = Long.divideUnsigned(low, divisor);
            remainder = Long.remainderUnsigned(low, divisor);
            if (quotient >>> size * 8 != 0) {
                throw cpu.fault(Fault.DE);
            }
        }
        store(cpu, quotient, remainder);
    }

    private void store(Cpu cpu, long quotient, long remainder) {
        if (size == 1) {
            cpu.r16(0, (int) (quotient & 0xff | (remainder & 0xff) << 8));
        } else {
            cpu.reg(0, size, quotient);
            cpu.reg(Cpu.RDX * 8, size, remainder);
        }
    }

    private void divide128(Cpu cpu, long divisor, boolean signed) {
        long low = cpu.r64(Cpu.RAX);
        long high = cpu.r64(Cpu.RDX);
        boolean negative = signed && high < 0;
        boolean negativeDivisor = signed && divisor < 0;
        long absolute = negativeDivisor ? -divisor : divisor;
        if (negative) {
            low = -low;
            high = ~high + (low == 0 ? 1 : 0);
        }
        if (Long.compareUnsigned(high, absolute) >= 0) {
            throw cpu.fault(Fault.DE);
        }
        long quotient;
        long remainder;
        if (high == 0) {
            quotient = Long.divideUnsigned(low, absolute);
            remainder = Long.remainderUnsigned(low, absolute);
        } else {
            // Schoolbook long division, a bit at a time: the high half is below the divisor, so the quotient fits.
            quotient = 0;
            remainder = high;
            for (int i = 63; i >= 0; i--) {
                boolean carry = remainder < 0;
                remainder = remainder << 1 | low >>> i & 1;
                if (carry || Long.compareUnsigned(remainder, absolute) >= 0) {
                    remainder -= absolute;
                    quotient |= 1L << i;
                }
            }
        }
        if (signed) {
            boolean negativeQuotient = negative != negativeDivisor;
            if (negativeQuotient ? Long.compareUnsigned(quotient, Long.MIN_VALUE) > 0 : quotient < 0) {
                throw cpu.fault(Fault.DE);
            }
            quotient = negativeQuotient ? -quotient : quotient;
            remainder = negative ? -remainder : remainder;
        }
        cpu.r64(Cpu.RAX, quotient);
        cpu.r64(Cpu.RDX, remainder);
    }
}
