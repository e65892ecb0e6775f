package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.X87Arithmetic;

/** FLD, FILD, FBLD and the constants: everything that pushes a value. */
final class Loads extends X87Op {
    // kind: a format, or a constant's number from here on
    private static final int CONSTANT = 8;

    private static final String[] CONSTANTS = {"FLD1", "FLDL2T", "FLDL2E", "FLDPI", "FLDLG2", "FLDLN2", "FLDZ"};

    static final Family FAMILY = Loads::new;

    private final int kind;

    private Loads(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable t) {
        t.add("D9 mem /0", "FLD Md", FAMILY, SINGLE);
        t.add("DD mem /0", "FLD Mq", FAMILY, DOUBLE);
        t.add("DB mem /5", "FLD Mt", FAMILY, EXTENDED);
        t.add("D9 reg /0", "FLD STi", FAMILY, REGISTER);
        t.add("DF mem /0", "FILD Mw", FAMILY, INT16);
        t.add("DB mem /0", "FILD Md", FAMILY, INT32);
        t.add("DF mem /5", "FILD Mq", FAMILY, INT64);
        t.add("DF mem /4", "FBLD Mt", FAMILY, DECIMAL);
        for (int i = 0; i < CONSTANTS.length; i++) {
            t.add("D9 =%02X".formatted(0xe8 + i), CONSTANTS[i], FAMILY, CONSTANT + i);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        boolean stored = true;
        switch (kind) {
            case REGISTER -> {
                int source = X87Unit.physical(unit, operand);
                if (X87Unit.isEmpty(unit, source)) {
                    copyEmpty(cpu, fp, unit);
                    return;
                }
                fp.significand = X87Unit.significand(cpu, source);
                fp.signExponent = X87Unit.signExponent(cpu, source);
            }
            case SINGLE -> stored = fp.loadSingle((int) cpu.read32(linear(cpu, 4, false)));
            case DOUBLE -> stored = fp.loadDouble(cpu.read64(linear(cpu, 8, false)));
            case EXTENDED -> {
                long la = linear(cpu, 10, false);
                fp.significand = cpu.read64(la);
                fp.signExponent = cpu.read16(behind(la, 8));
            }
            case INT16 -> fp.loadInteger((short) cpu.read16(linear(cpu, 2, false)));
            case INT32 -> fp.loadInteger((int) cpu.read32(linear(cpu, 4, false)));
            case INT64 -> fp.loadInteger(cpu.read64(linear(cpu, 8, false)));
            case DECIMAL -> {
                long la = linear(cpu, 10, false);
                fp.loadPackedDecimal(cpu.read64(la), cpu.read16(behind(la, 8)));
            }
            default -> fp.loadConstant(kind - CONSTANT);
        }
        concludePush(cpu, fp, unit, stored);
    }

    /** An underflow, even where the stack has no room either. */
    private void copyEmpty(Cpu cpu, X87Arithmetic fp, long unit) {
        boolean pushes = fp.stackUnderflow();
        conclude(cpu, fp, pushes ? X87Unit.pushed(store(cpu, fp, unit, X87Unit.physical(unit, 7))) : unit);
    }
}
