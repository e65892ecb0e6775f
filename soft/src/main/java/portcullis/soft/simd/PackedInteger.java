package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedQwords;
import portcullis.soft.simd.packed.PackedWords;
import portcullis.soft.x87.X87Unit;

/** Integer arithmetic, logic and comparison within each eight bytes: MMX, SSE and AVX forms alike. */
final class PackedInteger extends VectorOp {
    private static final int PAND = 0;
    private static final int PANDN = 1;
    private static final int POR = 2;
    private static final int PXOR = 3;
    private static final int PADDB = 4;
    private static final int PADDW = 5;
    private static final int PADDD = 6;
    private static final int PADDQ = 7;
    private static final int PSUBB = 8;
    private static final int PSUBW = 9;
    private static final int PSUBD = 10;
    private static final int PSUBQ = 11;
    private static final int PADDSB = 12;
    private static final int PADDSW = 13;
    private static final int PADDUSB = 14;
    private static final int PADDUSW = 15;
    private static final int PSUBSB = 16;
    private static final int PSUBSW = 17;
    private static final int PSUBUSB = 18;
    private static final int PSUBUSW = 19;
    private static final int PCMPEQB = 20;
    private static final int PCMPEQW = 21;
    private static final int PCMPEQD = 22;
    private static final int PCMPEQQ = 23;
    private static final int PCMPGTB = 24;
    private static final int PCMPGTW = 25;
    private static final int PCMPGTD = 26;
    private static final int PCMPGTQ = 27;
    private static final int PMINUB = 28;
    private static final int PMINUW = 29;
    private static final int PMINUD = 30;
    private static final int PMINSB = 31;
    private static final int PMINSW = 32;
    private static final int PMINSD = 33;
    private static final int PMAXUB = 34;
    private static final int PMAXUW = 35;
    private static final int PMAXUD = 36;
    private static final int PMAXSB = 37;
    private static final int PMAXSW = 38;
    private static final int PMAXSD = 39;
    private static final int PAVGB = 40;
    private static final int PAVGW = 41;
    private static final int PMULLW = 42;
    private static final int PMULHW = 43;
    private static final int PMULHUW = 44;
    private static final int PMULHRSW = 45;
    private static final int PMULLD = 46;
    private static final int PMULUDQ = 47;
    private static final int PMULDQ = 48;
    private static final int PMADDWD = 49;
    private static final int PMADDUBSW = 50;
    private static final int PSADBW = 51;
    private static final int PSIGNB = 52;
    private static final int PSIGNW = 53;
    private static final int PSIGND = 54;
    private static final int PABSB = 55;
    private static final int PABSW = 56;
    private static final int PABSD = 57;

    private static final int VPSRLVD = 58;
    private static final int VPSRLVQ = 59;
    private static final int VPSRAVD = 60;
    private static final int VPSLLVD = 61;
    private static final int VPSLLVQ = 62;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = FORM == MMX ? 1 : FORM == VEX256 ? 4 : 2;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PackedInteger.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    private PackedInteger(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new PackedInteger(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.withMmx("0F DB", "PAND", PAND);
        rows.withMmx("0F DF", "PANDN", PANDN);
        rows.withMmx("0F EB", "POR", POR);
        rows.withMmx("0F EF", "PXOR", PXOR);
        rows.withMmx("0F FC", "PADDB", PADDB);
        rows.withMmx("0F FD", "PADDW", PADDW);
        rows.withMmx("0F FE", "PADDD", PADDD);
        rows.withMmx("0F D4", "PADDQ", PADDQ);
        rows.withMmx("0F F8", "PSUBB", PSUBB);
        rows.withMmx("0F F9", "PSUBW", PSUBW);
        rows.withMmx("0F FA", "PSUBD", PSUBD);
        rows.withMmx("0F FB", "PSUBQ", PSUBQ);
        rows.withMmx("0F EC", "PADDSB", PADDSB);
        rows.withMmx("0F ED", "PADDSW", PADDSW);
        rows.withMmx("0F DC", "PADDUSB", PADDUSB);
        rows.withMmx("0F DD", "PADDUSW", PADDUSW);
        rows.withMmx("0F E8", "PSUBSB", PSUBSB);
        rows.withMmx("0F E9", "PSUBSW", PSUBSW);
        rows.withMmx("0F D8", "PSUBUSB", PSUBUSB);
        rows.withMmx("0F D9", "PSUBUSW", PSUBUSW);
        rows.withMmx("0F 74", "PCMPEQB", PCMPEQB);
        rows.withMmx("0F 75", "PCMPEQW", PCMPEQW);
        rows.withMmx("0F 76", "PCMPEQD", PCMPEQD);
        rows.wide("0F38 29", "PCMPEQQ", PCMPEQQ);
        rows.withMmx("0F 64", "PCMPGTB", PCMPGTB);
        rows.withMmx("0F 65", "PCMPGTW", PCMPGTW);
        rows.withMmx("0F 66", "PCMPGTD", PCMPGTD);
        rows.wide("0F38 37", "PCMPGTQ", PCMPGTQ);
        rows.withMmx("0F DA", "PMINUB", PMINUB);
        rows.wide("0F38 3A", "PMINUW", PMINUW);
        rows.wide("0F38 3B", "PMINUD", PMINUD);
        rows.wide("0F38 38", "PMINSB", PMINSB);
        rows.withMmx("0F EA", "PMINSW", PMINSW);
        rows.wide("0F38 39", "PMINSD", PMINSD);
        rows.withMmx("0F DE", "PMAXUB", PMAXUB);
        rows.wide("0F38 3E", "PMAXUW", PMAXUW);
        rows.wide("0F38 3F", "PMAXUD", PMAXUD);
        rows.wide("0F38 3C", "PMAXSB", PMAXSB);
        rows.withMmx("0F EE", "PMAXSW", PMAXSW);
        rows.wide("0F38 3D", "PMAXSD", PMAXSD);
        rows.withMmx("0F E0", "PAVGB", PAVGB);
        rows.withMmx("0F E3", "PAVGW", PAVGW);
        rows.withMmx("0F D5", "PMULLW", PMULLW);
        rows.withMmx("0F E5", "PMULHW", PMULHW);
        rows.withMmx("0F E4", "PMULHUW", PMULHUW);
        rows.withMmx("0F38 0B", "PMULHRSW", PMULHRSW);
        rows.wide("0F38 40", "PMULLD", PMULLD);
        rows.withMmx("0F F4", "PMULUDQ", PMULUDQ);
        rows.wide("0F38 28", "PMULDQ", PMULDQ);
        rows.withMmx("0F F5", "PMADDWD", PMADDWD);
        rows.withMmx("0F38 04", "PMADDUBSW", PMADDUBSW);
        rows.withMmx("0F F6", "PSADBW", PSADBW);
        rows.withMmx("0F38 08", "PSIGNB", PSIGNB);
        rows.withMmx("0F38 09", "PSIGNW", PSIGNW);
        rows.withMmx("0F38 0A", "PSIGND", PSIGND);
        rows.unary("0F38 1C", "PABSB", PABSB);
        rows.unary("0F38 1D", "PABSW", PABSW);
        rows.unary("0F38 1E", "PABSD", PABSD);
        rows.one("VEX.W0 66 0F38 45", "VPSRLVD Vx,Hx,Wx", VPSRLVD);
        rows.one("VEX.W1 66 0F38 45", "VPSRLVQ Vx,Hx,Wx", VPSRLVQ);
        rows.one("VEX.W0 66 0F38 46", "VPSRAVD Vx,Hx,Wx", VPSRAVD);
        rows.one("VEX.W0 66 0F38 47", "VPSLLVD Vx,Hx,Wx", VPSLLVD);
        rows.one("VEX.W1 66 0F38 47", "VPSLLVQ Vx,Hx,Wx", VPSLLVQ);
        // Bitwise operations on floating-point vectors are the same on the same bits.
        int[] logic = {PAND, PANDN, POR, PXOR};
        String[] names = {"AND", "ANDN", "OR", "XOR"};
        for (int i = 0; i < 4; i++) {
            String opcode = "0F 5" + (4 + i);
            rows.both("NP " + opcode, names[i] + "PS", logic[i]);
            rows.both("66 " + opcode, names[i] + "PD", logic[i]);
        }
    }

    // One method, however long: a specialisation keeps one case of the switch, but as a method of its own the switch
    // would be
    // too large for HotSpot to inline.
    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long la = 0;
        long host = 0;
        if (IN_MEMORY) {
            la = address(cpu, IS_FLAT, LONGS * 8, false);
            if (FORM == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, LONGS * 8);
        }
        // All of the memory operand is read before anything is written.
        long b0 = IN_MEMORY ? load(cpu, host, la, 0) : cpu.field(second);
        long b1 = LONGS < 2 ? 0 : IN_MEMORY ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long b2 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long b3 = LONGS < 4 ? 0 : IN_MEMORY ? load(cpu, host, la, 3) : cpu.field(second + 24);
        if (FORM == MMX) {
            X87Unit.enterMmx(cpu);
        }
        for (int i = 0; i < LONGS; i++) {
            long a = cpu.field(first + i * 8);
            long b = i == 0 ? b0 : i == 1 ? b1 : i == 2 ? b2 : b3;
            long result = switch (KIND) {
                case PAND -> a & b;
                case PANDN -> ~a & b;
                case POR -> a | b;
                case PXOR -> a ^ b;
                case PADDB -> PackedBytes.add(a, b);
                case PADDW -> PackedWords.add(a, b);
                case PADDD -> PackedDwords.add(a, b);
                case PADDQ -> a + b;
                case PSUBB -> PackedBytes.subtract(a, b);
                case PSUBW -> PackedWords.subtract(a, b);
                case PSUBD -> PackedDwords.subtract(a, b);
                case PSUBQ -> a - b;
                case PADDSB -> PackedBytes.addSigned(a, b);
                case PADDSW -> PackedWords.addSigned(a, b);
                case PADDUSB -> PackedBytes.addUnsigned(a, b);
                case PADDUSW -> PackedWords.addUnsigned(a, b);
                case PSUBSB -> PackedBytes.subtractSigned(a, b);
                case PSUBSW -> PackedWords.subtractSigned(a, b);
                case PSUBUSB -> PackedBytes.subtractUnsigned(a, b);
                case PSUBUSW -> PackedWords.subtractUnsigned(a, b);
                case PCMPEQB -> PackedBytes.equal(a, b);
                case PCMPEQW -> PackedWords.equal(a, b);
                case PCMPEQD -> PackedDwords.equal(a, b);
                case PCMPEQQ -> PackedQwords.equal(a, b);
                case PCMPGTB -> PackedBytes.greater(a, b);
                case PCMPGTW -> PackedWords.greater(a, b);
                case PCMPGTD -> PackedDwords.greater(a, b);
                case PCMPGTQ -> PackedQwords.greater(a, b);
                case PMINUB -> PackedBytes.minUnsigned(a, b);
                case PMINUW -> PackedWords.minUnsigned(a, b);
                case PMINUD -> PackedDwords.minUnsigned(a, b);
                case PMINSB -> PackedBytes.minSigned(a, b);
                case PMINSW -> PackedWords.minSigned(a, b);
                case PMINSD -> PackedDwords.minSigned(a, b);
                case PMAXUB -> PackedBytes.maxUnsigned(a, b);
                case PMAXUW -> PackedWords.maxUnsigned(a, b);
                case PMAXUD -> PackedDwords.maxUnsigned(a, b);
                case PMAXSB -> PackedBytes.maxSigned(a, b);
                case PMAXSW -> PackedWords.maxSigned(a, b);
                case PMAXSD -> PackedDwords.maxSigned(a, b);
                case PAVGB -> PackedBytes.average(a, b);
                case PAVGW -> PackedWords.average(a, b);
                case PMULLW -> PackedWords.multiplyLow(a, b);
                case PMULHW -> PackedWords.multiplyHighSigned(a, b);
                case PMULHUW -> PackedWords.multiplyHighUnsigned(a, b);
                case PMULHRSW -> PackedWords.multiplyHighRounded(a, b);
                case PMULLD -> PackedDwords.multiplyLow(a, b);
                case PMULUDQ -> PackedDwords.multiplyUnsigned(a, b);
                case PMULDQ -> PackedDwords.multiplySigned(a, b);
                case PMADDWD -> PackedWords.multiplyAdd(a, b);
                case PMADDUBSW -> PackedBytes.multiplyAdd(a, b);
                case PSADBW -> PackedBytes.sumOfDifferences(a, b);
                case PSIGNB -> PackedBytes.applySign(a, b);
                case PSIGNW -> PackedWords.applySign(a, b);
                case PSIGND -> PackedDwords.applySign(a, b);
                case PABSB -> PackedBytes.absolute(b);
                case PABSW -> PackedWords.absolute(b);
                case PABSD -> PackedDwords.absolute(b);
                case VPSRLVD -> PackedDwords.shiftRightEach(a, b);
                case VPSRLVQ -> PackedQwords.shiftRight(a, b);
                case VPSRAVD -> PackedDwords.shiftRightArithmeticEach(a, b);
                case VPSLLVD -> PackedDwords.shiftLeftEach(a, b);
                case VPSLLVQ -> PackedQwords.shiftLeft(a, b);
                default -> throw new AssertionError(KIND);
            };
            if (FORM == MMX) {
                writeMmx(cpu, destination, result);
            } else {
                cpu.field(destination + i * 8, result);
            }
        }
        clearUpper(cpu, destination, FORM);
    }
}
