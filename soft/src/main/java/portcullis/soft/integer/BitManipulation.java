package portcullis.soft.integer;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;

/** BMI1, BMI2, ADX: 32 and 64 bits wide. */
final class BitManipulation extends Op {
    private static final int ANDN = 0;
    private static final int BEXTR = 1;
    private static final int BLSR = 2;
    private static final int BLSMSK = 3;
    private static final int BLSI = 4;
    private static final int BZHI = 5;
    private static final int MULX = 6;
    private static final int PDEP = 7;
    private static final int PEXT = 8;
    private static final int RORX = 9;
    private static final int SARX = 10;
    private static final int SHLX = 11;
    private static final int SHRX = 12;
    private static final int ADCX = 13;
    private static final int ADOX = 14;

    static final Family FAMILY = BitManipulation::new;

    private final int kind;
    private final int size;

    private BitManipulation(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        size = in.w && in.is64() ? 8 : 4;
    }

    static void register(OpcodeTable t) {
        t.add("VEX.L0 NP 0F38 F2", "ANDN Gy,By,Ey", FAMILY, ANDN);
        t.add("VEX.L0 NP 0F38 F7", "BEXTR Gy,Ey,By", FAMILY, BEXTR);
        t.add("VEX.L0 NP 0F38 F3 /1", "BLSR By,Ey", FAMILY, BLSR);
        t.add("VEX.L0 NP 0F38 F3 /2", "BLSMSK By,Ey", FAMILY, BLSMSK);
        t.add("VEX.L0 NP 0F38 F3 /3", "BLSI By,Ey", FAMILY, BLSI);
        t.add("VEX.L0 NP 0F38 F5", "BZHI Gy,Ey,By", FAMILY, BZHI);
        t.add("VEX.L0 F2 0F38 F6", "MULX Gy,By,Ey", FAMILY, MULX);
        t.add("VEX.L0 F2 0F38 F5", "PDEP Gy,By,Ey", FAMILY, PDEP);
        t.add("VEX.L0 F3 0F38 F5", "PEXT Gy,By,Ey", FAMILY, PEXT);
        t.add("VEX.L0 F2 0F3A F0", "RORX Gy,Ey,Ib", FAMILY, RORX);
        t.add("VEX.L0 F3 0F38 F7", "SARX Gy,Ey,By", FAMILY, SARX);
        t.add("VEX.L0 66 0F38 F7", "SHLX Gy,Ey,By", FAMILY, SHLX);
        t.add("VEX.L0 F2 0F38 F7", "SHRX Gy,Ey,By", FAMILY, SHRX);
        t.add("66 0F38 F6", "ADCX Gy,Ey", FAMILY, ADCX);
        t.add("F3 0F38 F6", "ADOX Gy,Ey", FAMILY, ADOX);
    }

    private static Feature feature(int kind) {
        if (kind <= BLSI) {
            return Feature.BMI1;
        }
        return kind >= ADCX ? Feature.ADX : Feature.BMI2;
    }

    @Override
    public void execute(Cpu cpu) {
        if (!cpu.model.has(feature(kind))) {
            throw cpu.fault(Fault.UD);
        }
        long e = readRm(cpu, size);
        long b = cpu.reg(in.vvvv * 8, size);
        int bits = size * 8;
        switch (kind) {
            case ANDN -> {
                long r = truncate(~b & e);
                cpu.flagsLogic(r, size);
                writeReg(cpu, size, r);
            }
            case BEXTR -> {
                int start = (int) b & 0xff;
                int length = (int) (b >>> 8) & 0xff;
                long r = start >= bits ? 0 : e >>> start;
                r = length >= bits ? r : r & (1L << length) - 1;
                cpu.flagsLogic(r, size);
                writeReg(cpu, size, r);
            }
            case BLSR -> lowest(cpu, truncate(e & e - 1), e == 0);
            case BLSMSK -> lowest(cpu, truncate(e ^ e - 1), e == 0);
            case BLSI -> lowest(cpu, truncate(e & -e), e != 0);
            case BZHI -> {
                int n = (int) b & 0xff;
                long r = n >= bits ? e : e & (1L << n) - 1;
                cpu.flagsResult(r, size, n >= bits ? 1 : 0, 0, 0);
                writeReg(cpu, size, r);
            }
            case MULX -> mulx(cpu, e);
            case PDEP -> writeReg(cpu, size, Long.expand(b, e));
            case PEXT -> writeReg(cpu, size, Long.compress(b, e));
            case RORX -> {
                int n = (int) in.immediate & bits - 1;
                writeReg(cpu, size, size == 8 ? Long.rotateRight(e, n) : Integer.rotateRight((int) e, n));
            }
            case SARX -> {
                int n = (int) b & bits - 1;
                writeReg(cpu, size, size == 8 ? e >> n : (int) e >> n);
            }
            case SHLX -> writeReg(cpu, size, e << (b & bits - 1));
            case SHRX -> writeReg(cpu, size, e >>> (b & bits - 1));
            default -> addWithOneFlag(cpu, e);
        }
    }

    private long truncate(long value) {
        return size == 8 ? value : value & 0xffffffffL;
    }

    private void lowest(Cpu cpu, long r, boolean carry) {
        cpu.flagsResult(r, size, carry ? 1 : 0, 0, 0);
        cpu.reg(in.vvvv * 8, size, r);
    }

    private void mulx(Cpu cpu, long e) {
        long d = cpu.reg(Cpu.RDX * 8, size);
        long low = d * e;
        long high = size == 8 ? Math.unsignedMultiplyHigh(d, e) : low >>> 32;
        cpu.reg(in.vvvv * 8, size, low);
        writeReg(cpu, size, high);
    }

    private void addWithOneFlag(Cpu cpu, long e) {
        long flag = kind == ADCX ? Flags.CF : Flags.OF;
        long status = cpu.status();
        long a = readReg(cpu, size);
        long carryIn = (status & flag) != 0 ? 1 : 0;
        long r = a + e + carryIn;
        boolean carry = size == 8 ? ((a & e) | ((a | e) & ~r)) < 0 : r >>> 32 != 0;
        writeReg(cpu, size, r);
        cpu.status(status & ~flag | (carry ? flag : 0));
    }
}
