package portcullis.soft.x87;

import portcullis.memory.host.HostMemory;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.Extended;
import portcullis.soft.fp.x87.X87Arithmetic;
import portcullis.soft.model.Feature;

/** FST, FSTP, FIST, FISTP, FISTTP and FBSTP to memory. */
final class Stores extends X87Op {
    private static final int POP = 1 << 3;
    private static final int TRUNCATE = 1 << 4;

    private static final int DECIMAL_INDEFINITE_HIGH = 0xffff;
    private static final long DECIMAL_INDEFINITE_LOW = 0xc000_0000_0000_0000L;

    static final Family FAMILY = Stores::new;

    private final int format;
    private final boolean pops;
    private final boolean truncates;

    private Stores(Instruction in) {
        super(in);
        int kind = in.encoding.kind;
        format = kind & 7;
        pops = (kind & POP) != 0;
        truncates = (kind & TRUNCATE) != 0;
    }

    static void register(OpcodeTable t) {
        t.add("D9 mem /2", "FST Md", FAMILY, SINGLE);
        t.add("D9 mem /3", "FSTP Md", FAMILY, SINGLE | POP);
        t.add("DD mem /2", "FST Mq", FAMILY, DOUBLE);
        t.add("DD mem /3", "FSTP Mq", FAMILY, DOUBLE | POP);
        t.add("DB mem /7", "FSTP Mt", FAMILY, EXTENDED | POP);
        t.add("DF mem /2", "FIST Mw", FAMILY, INT16);
        t.add("DF mem /3", "FISTP Mw", FAMILY, INT16 | POP);
        t.add("DB mem /2", "FIST Md", FAMILY, INT32);
        t.add("DB mem /3", "FISTP Md", FAMILY, INT32 | POP);
        t.add("DF mem /7", "FISTP Mq", FAMILY, INT64 | POP);
        t.add("DF mem /1", "FISTTP Mw", FAMILY, INT16 | POP | TRUNCATE);
        t.add("DB mem /1", "FISTTP Md", FAMILY, INT32 | POP | TRUNCATE);
        t.add("DD mem /1", "FISTTP Mq", FAMILY, INT64 | POP | TRUNCATE);
        t.add("DF mem /6", "FBSTP Mt", FAMILY, DECIMAL | POP);
    }

    @Override
    public void execute(Cpu cpu) {
        if (truncates && !cpu.model.has(Feature.SSE3)) {
            throw cpu.fault(Fault.UD);
        }
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        int top = X87Unit.top(unit);
        boolean stored;
        if (X87Unit.isEmpty(unit, top)) {
            stored = fp.stackUnderflow();
            indefinite(fp);
        } else {
            stored = convert(fp, X87Unit.significand(cpu, top), X87Unit.signExponent(cpu, top));
        }
        write(cpu, fp, stored);
        conclude(cpu, fp, stored && pops ? pop(unit) : unit);
    }

    private boolean convert(X87Arithmetic fp, long significand, int signExponent) {
        return switch (format) {
            case SINGLE -> fp.storeSingle(significand, signExponent);
            case DOUBLE -> fp.storeDouble(significand, signExponent);
            case EXTENDED -> {
                fp.memory = significand;
                fp.memoryHigh = signExponent;
                yield true;
            }
            case DECIMAL -> fp.storePackedDecimal(significand, signExponent);
            default -> {
                int bits = format == INT16 ? 16 : format == INT32 ? 32 : 64;
                yield truncates
                        ? fp.storeIntegerTruncated(bits, significand, signExponent)
                        : fp.storeInteger(bits, significand, signExponent);
            }
        };
    }

    /** What an empty register stores. */
    private void indefinite(X87Arithmetic fp) {
        fp.memoryHigh = 0;
        switch (format) {
            case SINGLE -> fp.memory = 0xffc0_0000L;
            case DOUBLE -> fp.memory = 0xfff8_0000_0000_0000L;
            case EXTENDED -> {
                fp.memory = Extended.INDEFINITE_SIGNIFICAND;
                fp.memoryHigh = Extended.INDEFINITE_SIGN_EXPONENT;
            }
            case DECIMAL -> {
                fp.memory = DECIMAL_INDEFINITE_LOW;
                fp.memoryHigh = DECIMAL_INDEFINITE_HIGH;
            }
            case INT16 -> fp.memory = Short.MIN_VALUE;
            case INT32 -> fp.memory = Integer.MIN_VALUE;
            default -> fp.memory = Long.MIN_VALUE;
        }
    }

    /** Faults of the destination come first, and before any change of state. */
    private void write(Cpu cpu, X87Arithmetic fp, boolean stored) {
        int size = switch (format) {
            case SINGLE, INT32 -> 4;
            case INT16 -> 2;
            case EXTENDED, DECIMAL -> 10;
            default -> 8;
        };
        long la = linear(cpu, size, true);
        if (!stored) {
            cpu.probeWrite(la, size);
        } else if (size == 10) {
            writeTen(cpu, la, fp);
        } else {
            cpu.write(la, size, fp.memory);
        }
    }

    private void writeTen(Cpu cpu, long la, X87Arithmetic fp) {
        long host = cpu.hostForModify(la, 10);
        if (host != 0) {
            HostMemory.putLongRelease(host, fp.memory);
            HostMemory.putShortRelease(host + 8, (short) fp.memoryHigh);
        } else {
            cpu.probeWrite(la, 10);
            cpu.write64(la, fp.memory);
            cpu.write16(behind(la, 8), fp.memoryHigh);
        }
    }
}
