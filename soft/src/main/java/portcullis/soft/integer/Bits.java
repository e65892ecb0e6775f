package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.model.Feature;

/** Bit tests, bit scans, counts, byte swaps, double shifts. */
final class Bits extends Op {
    private static final int BT = 0;
    private static final int BTS = 1;
    private static final int BTR = 2;
    private static final int BTC = 3;
    private static final int BSF = 4;
    private static final int BSR = 5;
    private static final int TZCNT = 6;
    private static final int LZCNT = 7;
    private static final int POPCNT = 8;
    private static final int BSWAP = 9;
    private static final int MOVBE_LOAD = 10;
    private static final int MOVBE_STORE = 11;
    private static final int SHLD = 12;
    private static final int SHRD = 13;
    private static final int CRC32 = 14;

    static final Family FAMILY = Bits::new;

    private final int kind;
    private final int size;
    private final boolean byRegister;

    private Bits(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.operandSize;
        Operand[] operands = in.encoding.operands;
        Operand last = operands[operands.length - 1];
        byRegister = last == Operand.Gv || last == Operand.CL;
    }

    static void register(OpcodeTable t) {
        String[] names = {"BT", "BTS", "BTR", "BTC"};
        int[] opcodes = {0xa3, 0xab, 0xb3, 0xbb};
        for (int i = 0; i < 4; i++) {
            int lock = i == BT ? 0 : Encoding.LOCK;
            t.add("0F %02X".formatted(opcodes[i]), names[i] + " Ev,Gv", FAMILY, i, lock);
            t.add("0F BA /" + (4 + i), names[i] + " Ev,Ib", FAMILY, i, lock);
        }
        t.add("F3 0F B8", "POPCNT Gv,Ev", FAMILY, POPCNT);
        t.add("F3 0F BC", "TZCNT Gv,Ev", FAMILY, TZCNT);
        t.add("F3 0F BD", "LZCNT Gv,Ev", FAMILY, LZCNT);
        t.add("0F BC", "BSF Gv,Ev", FAMILY, BSF);
        t.add("0F BD", "BSR Gv,Ev", FAMILY, BSR);
        t.add("0F C8 +r", "BSWAP Zv", FAMILY, BSWAP);
        t.add("F2 0F38 F0", "CRC32 Gy,Eb", FAMILY, CRC32);
        t.add("F2 0F38 F1", "CRC32 Gy,Ev", FAMILY, CRC32);
        t.add("0F38 F0 mem", "MOVBE Gv,Mv", FAMILY, MOVBE_LOAD);
        t.add("0F38 F1 mem", "MOVBE Mv,Gv", FAMILY, MOVBE_STORE);
        t.add("0F A4", "SHLD Ev,Gv,Ib", FAMILY, SHLD);
        t.add("0F A5", "SHLD Ev,Gv,CL", FAMILY, SHLD);
        t.add("0F AC", "SHRD Ev,Gv,Ib", FAMILY, SHRD);
        t.add("0F AD", "SHRD Ev,Gv,CL", FAMILY, SHRD);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case BT, BTS, BTR, BTC -> test(cpu);
            case BSF, BSR -> scan(cpu);
            case TZCNT, LZCNT, POPCNT -> count(cpu);
            case BSWAP -> {
                int offset = in.rm * 8;
                // A 16-bit operand is undefined by the manual; processors clear it.
                cpu.reg(offset, size, swap(cpu.reg(offset, size), size));
            }
            case MOVBE_LOAD -> {
                require(cpu, Feature.MOVBE);
                writeReg(cpu, size, reverse(readRm(cpu, size), size));
            }
            case MOVBE_STORE -> {
                require(cpu, Feature.MOVBE);
                writeRm(cpu, size, reverse(readReg(cpu, size), size));
            }
            case CRC32 -> {
                require(cpu, Feature.SSE42);
                crc32(cpu);
            }
            default -> doubleShift(cpu);
        }
    }

    private static void require(Cpu cpu, Feature feature) {
        if (!cpu.model.has(feature)) {
            throw cpu.fault(Fault.UD);
        }
    }

    private static long swap(long value, int size) {
        return size == 2 ? 0 : reverse(value, size);
    }

    private static long reverse(long value, int size) {
        return Long.reverseBytes(value) >>> 64 - size * 8;
    }

    private long changed(long value, long bit) {
        return switch (kind) {
            case BTS -> value | bit;
            case BTR -> value & ~bit;
            case BTC -> value ^ bit;
            default -> value;
        };
    }

    private void test(Cpu cpu) {
        int bits = size * 8;
        if (!in.memory) {
            long number = byRegister ? readReg(cpu, size) : in.immediate;
            long bit = 1L << (number & bits - 1);
            long value = cpu.reg(in.rm * 8, size);
            if (kind != BT) {
                cpu.reg(in.rm * 8, size, changed(value, bit));
            }
            cpu.cf((value & bit) != 0);
            return;
        }
        long number = in.immediate & bits - 1;
        long displacement = 0;
        if (byRegister) {
            long signed = readReg(cpu, size) << 64 - bits >> 64 - bits;
            number = signed & bits - 1;
            displacement = (signed >> 3) & -size;
        }
        long bit = 1L << number;
        long la = displaced(cpu, displacement, kind != BT);
        if (kind == BT) {
            cpu.cf((cpu.read(la, size) & bit) != 0);
            return;
        }
        long before = modify(cpu, la, bit);
        cpu.cf((before & bit) != 0);
    }

    /** The linear address of the operand moved by a bit offset's bytes. */
    private long displaced(Cpu cpu, long bytes, boolean write) {
        if (flat) {
            return linear(cpu, size, write) + bytes;
        }
        long offset = offset(cpu) + bytes;
        offset &= in.addressSize == 2 ? 0xffff : in.addressSize == 4 ? 0xffffffffL : -1L;
        return cpu.linear(segment, offset, size, write, in.is64());
    }

    private long modify(Cpu cpu, long la, long bit) {
        long host = cpu.hostForModify(la, size);
        boolean locked = in.has(Instruction.LOCK);
        if (host == 0 || locked && !Atomics.covered(host, size)) {
            return locked ? cpu.exclusively(() -> slowModify(cpu, la, bit)) : slowModify(cpu, la, bit);
        }
        if (!locked) {
            long before = Atomics.load(host, size);
            cpu.write(la, size, changed(before, bit));
            return before;
        }
        while (true) {
            long before = Atomics.load(host, size);
            if (Atomics.compareAndSet(host, size, before, changed(before, bit))) {
                return before;
            }
        }
    }

    private long slowModify(Cpu cpu, long la, long bit) {
        long before = cpu.beginModify(la, size);
        cpu.writeSlow(la, size, changed(before, bit));
        return before;
    }

    private void scan(Cpu cpu) {
        long value = readRm(cpu, size);
        if (value == 0) {
            // The target keeps its value (documented by AMD, done by all); a 32-bit one keeps its upper half too.
            cpu.status(cpu.status() & ~(Flags.CF | Flags.OF | Flags.SF | Flags.AF | Flags.PF) | Flags.ZF | Flags.PF);
            return;
        }
        long r = kind == BSF ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value);
        writeReg(cpu, size, r);
        cpu.status(cpu.status() & ~Flags.ZF);
    }

    private void count(Cpu cpu) {
        boolean there = cpu.model.has(kind == POPCNT ? Feature.POPCNT : kind == TZCNT ? Feature.BMI1 : Feature.ABM);
        if (!there) {
            if (kind == POPCNT) {
                throw cpu.fault(Fault.UD);
            }
            legacyScan(cpu);
            return;
        }
        long value = readRm(cpu, size);
        int bits = size * 8;
        long r = switch (kind) {
            case POPCNT -> Long.bitCount(value);
            case TZCNT -> Math.min(Long.numberOfTrailingZeros(value), bits);
            default -> Long.numberOfLeadingZeros(value) - (64 - bits);
        };
        writeReg(cpu, size, r);
        if (kind == POPCNT) {
            cpu.status(value == 0 ? Flags.ZF : 0);
        } else {
            long kept = cpu.status() & ~(Flags.CF | Flags.ZF);
            cpu.status(kept | (value == 0 ? Flags.CF : 0) | (r == 0 ? Flags.ZF : 0));
        }
    }

    /** Without the feature the prefix is ignored: BSF and BSR. */
    private void legacyScan(Cpu cpu) {
        long value = readRm(cpu, size);
        if (value != 0) {
            writeReg(
                    cpu,
                    size,
                    kind == TZCNT ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value));
        }
        cpu.status(cpu.status() & ~Flags.ZF | (value == 0 ? Flags.ZF : 0));
    }

    /** Reflected polynomial of CRC-32C (SDM, CRC32). */
    private static final int CASTAGNOLI = 0x82f63b78;

    private void crc32(Cpu cpu) {
        int width = in.opcode == 0xf0 ? 1 : size;
        long data = readRm(cpu, width);
        int crc = (int) cpu.r32(in.reg);
        for (int i = 0; i < width; i++) {
            crc ^= (int) (data >>> i * 8) & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? CASTAGNOLI : 0);
            }
        }
        cpu.r32(in.reg, crc);
    }

    private void doubleShift(Cpu cpu) {
        int bits = size * 8;
        int by = (byRegister ? cpu.r8(8) : (int) in.immediate) & (size == 8 ? 63 : 31);
        long source = readReg(cpu, size);
        if (!in.memory) {
            long value = cpu.reg(in.rm * 8, size);
            long r = by == 0 ? value : shifted(value, source, by, bits);
            cpu.reg(in.rm * 8, size, r);
            doubleShiftFlags(cpu, value, r, source, by, bits);
            return;
        }
        long la = linear(cpu, size, true);
        long value = cpu.beginModify(la, size);
        if (by != 0) {
            long r = shifted(value, source, by, bits);
            cpu.write(la, size, r);
            doubleShiftFlags(cpu, value, r, source, by, bits);
        }
    }

    private long shifted(long value, long source, int by, int bits) {
        int n = by;
        long v = value;
        long s = source;
        if (n > bits) {
            // Undefined for 16-bit operands; what processors do is to go on shifting in the first operand behind the
            // second.
            n -= bits;
            v = source;
            s = value;
        }
        if (n == bits) {
            return s;
        }
        return kind == SHLD ? v << n | s >>> bits - n : v >>> n | s << bits - n;
    }

    private void doubleShiftFlags(Cpu cpu, long value, long r, long source, int by, int bits) {
        if (by == 0) {
            return;
        }
        long from = by > bits ? source : value;
        int n = by > bits ? by - bits : by;
        long carry = kind == SHLD ? from >>> bits - n & 1 : from >>> n - 1 & 1;
        long overflow = (value ^ r) >>> bits - 1 & 1;
        cpu.flagsResult(r, size, carry, overflow, 0);
    }
}
