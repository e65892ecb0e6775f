package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.x87.X87Unit;

/** MMX registers to and from memory, general registers and XMM registers. */
final class MmxTransfer extends VectorOp {
    private static final int MOVQ_LOAD = 0;
    private static final int MOVQ_STORE = 1;
    private static final int FROM_GENERAL = 2;
    private static final int TO_GENERAL = 3;
    private static final int PINSRW = 4;
    private static final int PEXTRW = 5;
    private static final int PMOVMSKB = 6;
    // From here on XMM registers take part, and with them CR4.OSFXSR.
    private static final int MOVQ2DQ = 7;
    private static final int MOVDQ2Q = 8;
    private static final int CVTPI2PS = 9;
    private static final int CVTPI2PD = 10;
    private static final int CVTTPS2PI = 11;
    private static final int CVTPS2PI = 12;
    private static final int CVTTPD2PI = 13;
    private static final int CVTPD2PI = 14;

    static final Family FAMILY = MmxTransfer::new;

    private final int kind;
    /** State offsets of modrm.reg and modrm.rm as MMX registers. */
    private final int regMmx;

    private final int rmMmx;
    private final int regXmm;
    private final int rmXmm;

    private MmxTransfer(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        regMmx = mmxRegister(in.reg);
        rmMmx = mmxRegister(in.rm);
        regXmm = vectorRegister(in.reg);
        rmXmm = vectorRegister(in.rm);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("NP 0F 6F", "MOVQ Pq,Qq", MOVQ_LOAD);
        rows.one("NP 0F 7F", "MOVQ Qq,Pq", MOVQ_STORE);
        rows.one("NP 0F E7 mem", "MOVNTQ Qq,Pq", MOVQ_STORE);
        rows.one("NP 0F 6E", "MOVD Pq,Ey", FROM_GENERAL);
        rows.one("NP 0F 7E", "MOVD Ey,Pq", TO_GENERAL);
        rows.one("NP 0F C4", "PINSRW Pq,Ew,Ib", PINSRW);
        rows.one("NP 0F C5 reg", "PEXTRW Gd,Nq,Ib", PEXTRW);
        rows.one("NP 0F D7 reg", "PMOVMSKB Gd,Nq", PMOVMSKB);
        rows.one("F3 0F D6 reg", "MOVQ2DQ Vdq,Nq", MOVQ2DQ);
        rows.one("F2 0F D6 reg", "MOVDQ2Q Pq,Udq", MOVDQ2Q);
        rows.one("NP 0F 2A", "CVTPI2PS Vdq,Qq", CVTPI2PS);
        rows.one("66 0F 2A", "CVTPI2PD Vdq,Qq", CVTPI2PD);
        rows.one("NP 0F 2C", "CVTTPS2PI Pq,Wq", CVTTPS2PI);
        rows.one("NP 0F 2D", "CVTPS2PI Pq,Wq", CVTPS2PI);
        rows.one("66 0F 2C", "CVTTPD2PI Pq,Wdq", CVTTPD2PI);
        rows.one("66 0F 2D", "CVTPD2PI Pq,Wdq", CVTPD2PI);
    }

    @Override
    public void execute(Cpu cpu) {
        if (kind >= MOVQ2DQ) {
            require(cpu, SSE);
        }
        // CVTPI2PD from memory has nothing to do with the x87 registers (SDM volume 2).
        if (kind == CVTPI2PD && in.memory) {
            fromIntegers(cpu, cpu.read64(linear(cpu, 8, false)));
            return;
        }
        require(cpu, MMX);
        switch (kind) {
            case MOVQ_LOAD -> finish(cpu, source8(cpu, rmMmx));
            case MOVQ_STORE -> {
                long value = cpu.field(regMmx);
                if (in.memory) {
                    cpu.write64(linear(cpu, 8, true), value);
                    X87Unit.enterMmx(cpu);
                } else {
                    X87Unit.enterMmx(cpu);
                    writeMmx(cpu, rmMmx, value);
                }
            }
            case FROM_GENERAL -> finish(cpu, readRm(cpu, in.size(Operand.Ey)));
            case TO_GENERAL -> {
                writeRm(cpu, in.size(Operand.Ey), cpu.field(regMmx));
                X87Unit.enterMmx(cpu);
            }
            case PINSRW -> {
                long word = in.memory ? cpu.read16(linear(cpu, 2, false)) : cpu.r16(in.rm);
                int shift = (immediate & 3) * 16;
                finish(cpu, cpu.field(regMmx) & ~(0xffffL << shift) | word << shift);
            }
            case PEXTRW -> {
                cpu.r32(in.reg, cpu.field(rmMmx) >>> (immediate & 3) * 16 & 0xffff);
                X87Unit.enterMmx(cpu);
            }
            case PMOVMSKB -> {
                cpu.r32(in.reg, PackedBytes.signMask(cpu.field(rmMmx)));
                X87Unit.enterMmx(cpu);
            }
            case MOVQ2DQ -> {
                cpu.field(regXmm, cpu.field(rmMmx));
                cpu.field(regXmm + 8, 0);
                X87Unit.enterMmx(cpu);
            }
            case MOVDQ2Q -> finish(cpu, cpu.field(rmXmm));
            case CVTPI2PS, CVTPI2PD -> {
                long source = source8(cpu, rmMmx);
                fromIntegers(cpu, source);
                X87Unit.enterMmx(cpu);
            }
            case CVTTPS2PI, CVTPS2PI -> fromFloats(cpu);
            default -> fromDoubles(cpu);
        }
    }

    private void finish(Cpu cpu, long value) {
        X87Unit.enterMmx(cpu);
        writeMmx(cpu, regMmx, value);
    }

    private long source8(Cpu cpu, int register) {
        return in.memory ? cpu.read64(linear(cpu, 8, false)) : cpu.field(register);
    }

    private void fromIntegers(Cpu cpu, long source) {
        SseArithmetic sse = arithmetic(cpu);
        if (kind == CVTPI2PD) {
            cpu.field(regXmm, sse.convert.intToDouble((int) source));
            cpu.field(regXmm + 8, sse.convert.intToDouble((int) (source >>> 32)));
            return;
        }
        long pair =
                PackedDwords.pair(sse.convert.intToFloat((int) source), sse.convert.intToFloat((int) (source >>> 32)));
        settle(cpu);
        cpu.field(regXmm, pair);
    }

    private void fromFloats(Cpu cpu) {
        long source = source8(cpu, rmXmm);
        SseArithmetic sse = arithmetic(cpu);
        int low;
        int high;
        if (kind == CVTTPS2PI) {
            low = sse.convert.floatToIntTruncating((int) source);
            high = sse.convert.floatToIntTruncating((int) (source >>> 32));
        } else {
            low = sse.convert.floatToInt((int) source);
            high = sse.convert.floatToInt((int) (source >>> 32));
        }
        settle(cpu);
        finish(cpu, PackedDwords.pair(low, high));
    }

    private void fromDoubles(Cpu cpu) {
        long x = cpu.field(rmXmm);
        long y = cpu.field(rmXmm + 8);
        if (in.memory) {
            long la = linear(cpu, 16, false);
            align(cpu, la, 16);
            x = cpu.read64(la);
            y = cpu.read64(after(cpu, la, 8));
        }
        SseArithmetic sse = arithmetic(cpu);
        int low;
        int high;
        if (kind == CVTTPD2PI) {
            low = sse.convert.doubleToIntTruncating(x);
            high = sse.convert.doubleToIntTruncating(y);
        } else {
            low = sse.convert.doubleToInt(x);
            high = sse.convert.doubleToInt(y);
        }
        settle(cpu);
        finish(cpu, PackedDwords.pair(low, high));
    }
}
