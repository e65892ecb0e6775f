package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.decode.Operand;
import portcullis.soft.fp.sse.Relation;
import portcullis.soft.fp.sse.SseArithmetic;
import portcullis.soft.simd.packed.PackedDwords;

/** Between a vector register's lowest element and general registers or flags: CVTSI2SS, CVTSD2SI, COMISS and their like. */
final class ScalarConversion extends VectorOp {
    private static final int CVTSI2SS = 0;
    private static final int CVTSI2SD = 1;
    private static final int CVTTSS2SI = 2;
    private static final int CVTTSD2SI = 3;
    private static final int CVTSS2SI = 4;
    private static final int CVTSD2SI = 5;
    private static final int UCOMISS = 6;
    private static final int UCOMISD = 7;
    private static final int COMISS = 8;
    private static final int COMISD = 9;

    /** Key: the general register is 64 bits wide. */
    private static final int LONG = 1 << 12;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final boolean IS_LONG = (KEY & LONG) != 0;

    private static final Specializations SPECIALIZED =
            new Specializations(MethodHandles.lookup(), ScalarConversion.class);

    static final Family FAMILY = ScalarConversion::specialize;

    private ScalarConversion(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new ScalarConversion(in);
    }

    private static Op specialize(Instruction in) {
        if (isMalformed(in)) {
            return new Refused(in);
        }
        boolean wide = in.encoding.kind <= CVTSD2SI && in.size(Operand.Ey) == 8;
        return SPECIALIZED.make(key(in, in.encoding.isVex() ? VEX128 : SSE) | (wide ? LONG : 0), in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.scalar("F3 0F 2A", "CVTSI2SS", "Ey", CVTSI2SS);
        rows.scalar("F2 0F 2A", "CVTSI2SD", "Ey", CVTSI2SD);
        String[] names = {"CVTTSS2SI", "CVTTSD2SI", "CVTSS2SI", "CVTSD2SI"};
        String[] encodings = {"F3 0F 2C", "F2 0F 2C", "F3 0F 2D", "F2 0F 2D"};
        String[] comparisons = {"UCOMISS", "UCOMISD", "COMISS", "COMISD"};
        String[] comparisonEncodings = {"NP 0F 2E", "66 0F 2E", "NP 0F 2F", "66 0F 2F"};
        for (int i = 0; i < 4; i++) {
            String source = (i & 1) == 0 ? ",Wd" : ",Wq";
            rows.one(encodings[i], names[i] + " Gy" + source, CVTTSS2SI + i);
            rows.one("VEX " + encodings[i], "V" + names[i] + " Gy" + source, CVTTSS2SI + i);
            rows.one(comparisonEncodings[i], comparisons[i] + " Vdq" + source, UCOMISS + i);
            rows.one("VEX " + comparisonEncodings[i], "V" + comparisons[i] + " Vdq" + source, UCOMISS + i);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        if (KIND <= CVTSI2SD) {
            fromInteger(cpu);
            return;
        }
        boolean single = (KIND & 1) == 0;
        long b;
        if (IN_MEMORY) {
            long la = address(cpu, IS_FLAT, single ? 4 : 8, false);
            b = single ? cpu.read32(la) : cpu.read64(la);
        } else {
            b = cpu.field(second);
        }
        SseArithmetic sse = arithmetic(cpu);
        if (KIND >= UCOMISS) {
            compare(cpu, sse, b);
            return;
        }
        long result = switch (KIND) {
            case CVTTSS2SI ->
                IS_LONG ? sse.convert.floatToLongTruncating((int) b) : sse.convert.floatToIntTruncating((int) b);
            case CVTTSD2SI -> IS_LONG ? sse.convert.doubleToLongTruncating(b) : sse.convert.doubleToIntTruncating(b);
            case CVTSS2SI -> IS_LONG ? sse.convert.floatToLong((int) b) : sse.convert.floatToInt((int) b);
            case CVTSD2SI -> IS_LONG ? sse.convert.doubleToLong(b) : sse.convert.doubleToInt(b);
            default -> throw new AssertionError(KIND);
        };
        settle(cpu);
        if (IS_LONG) {
            cpu.r64(in.reg, result);
        } else {
            cpu.r32(in.reg, result);
        }
    }

    private void fromInteger(Cpu cpu) {
        long b;
        if (IN_MEMORY) {
            long la = address(cpu, IS_FLAT, IS_LONG ? 8 : 4, false);
            b = IS_LONG ? cpu.read64(la) : cpu.read32(la);
        } else {
            b = cpu.r64(in.rm);
        }
        SseArithmetic sse = arithmetic(cpu);
        long result;
        if (KIND == CVTSI2SS) {
            int converted = IS_LONG ? sse.convert.longToFloat(b) : sse.convert.intToFloat((int) b);
            result = PackedDwords.pair(converted, (int) (cpu.field(first) >>> 32));
        } else {
            result = IS_LONG ? sse.convert.longToDouble(b) : sse.convert.intToDouble((int) b);
        }
        settle(cpu);
        cpu.field(destination, result);
        if (FORM != SSE) {
            cpu.field(destination + 8, cpu.field(first + 8));
            clearUpper(cpu, destination, FORM);
        }
    }

    private void compare(Cpu cpu, SseArithmetic sse, long b) {
        long a = cpu.field(destination);
        boolean signals = KIND >= COMISS;
        int relation = (KIND & 1) == 0 ? sse.f32.compare((int) a, (int) b, signals) : sse.f64.compare(a, b, signals);
        settle(cpu);
        cpu.status(
                switch (relation) {
                    case Relation.LESS -> Cpu.CF;
                    case Relation.EQUAL -> Cpu.ZF;
                    case Relation.GREATER -> 0;
                    default -> Cpu.ZF | Cpu.PF | Cpu.CF;
                });
    }
}
