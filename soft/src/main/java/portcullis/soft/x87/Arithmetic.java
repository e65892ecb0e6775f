package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.X87Arithmetic;

/** FADD, FMUL, FSUB, FSUBR, FDIV and FDIVR in all their forms. */
final class Arithmetic extends X87Op {
    // The operation, as ModRM.reg has it in D8; destination first.
    private static final int ADD = 0;
    private static final int MULTIPLY = 1;
    private static final int SUBTRACT = 4;
    private static final int SUBTRACT_REVERSED = 5;
    private static final int DIVIDE = 6;

    private static final int[] OPERATIONS = {ADD, MULTIPLY, SUBTRACT, SUBTRACT_REVERSED, DIVIDE, 7};
    private static final String[] NAMES = {"ADD", "MUL", "", "", "SUB", "SUBR", "DIV", "DIVR"};

    // kind: operation, then format in bits 5:3, then
    private static final int TO_STI = 1 << 6;
    private static final int POP = 1 << 7;

    static final Family FAMILY = Arithmetic::new;

    private final int operation;
    private final int format;
    private final boolean toSti;
    private final boolean pops;

    private Arithmetic(Instruction in) {
        super(in);
        int kind = in.encoding.kind;
        operation = kind & 7;
        format = kind >>> 3 & 7;
        toSti = (kind & TO_STI) != 0;
        pops = (kind & POP) != 0;
    }

    static void register(OpcodeTable t) {
        for (int operation : OPERATIONS) {
            String name = NAMES[operation];
            String digit = " /" + operation;
            t.add("D8 mem" + digit, "F" + name + " Md", FAMILY, operation | SINGLE << 3);
            t.add("DC mem" + digit, "F" + name + " Mq", FAMILY, operation | DOUBLE << 3);
            t.add("DA mem" + digit, "FI" + name + " Md", FAMILY, operation | INT32 << 3);
            t.add("DE mem" + digit, "FI" + name + " Mw", FAMILY, operation | INT16 << 3);
            t.add("D8 reg" + digit, "F" + name + " ST0,STi", FAMILY, operation);
            // With ST(i) as the destination the reversed forms have changed places: kind means destination first.
            int swapped = operation >= SUBTRACT ? operation ^ 1 : operation;
            t.add("DC reg" + digit, "F" + NAMES[swapped] + " STi,ST0", FAMILY, swapped | TO_STI);
            t.add("DE reg" + digit, "F" + NAMES[swapped] + "P STi,ST0", FAMILY, swapped | TO_STI | POP);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        if (format != REGISTER) {
            withMemory(cpu, fp, unit);
            return;
        }
        int top = X87Unit.top(unit);
        int other = top + operand & 7;
        int destination = toSti ? other : top;
        int source = toSti ? top : other;
        boolean stored = X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, other)
                ? fp.stackUnderflow()
                : operate(
                        fp,
                        X87Unit.significand(cpu, destination),
                        X87Unit.signExponent(cpu, destination),
                        X87Unit.significand(cpu, source),
                        X87Unit.signExponent(cpu, source));
        if (stored) {
            unit = store(cpu, fp, unit, destination);
            if (pops) {
                unit = pop(unit);
            }
        }
        conclude(cpu, fp, unit);
    }

    private void withMemory(Cpu cpu, X87Arithmetic fp, long unit) {
        boolean denormal = loadOperand(cpu, fp, format);
        int top = X87Unit.top(unit);
        boolean stored;
        if (X87Unit.isEmpty(unit, top)) {
            stored = fp.stackUnderflow();
        } else {
            long significand = X87Unit.significand(cpu, top);
            int signExponent = X87Unit.signExponent(cpu, top);
            stored = operate(fp, significand, signExponent, fp.significand, fp.signExponent);
            if (denormal) {
                stored = fp.afterDenormal(stored, significand, signExponent);
            }
        }
        conclude(cpu, fp, stored ? store(cpu, fp, unit, top) : unit);
    }

    private boolean operate(X87Arithmetic fp, long aSig, int aSe, long bSig, int bSe) {
        return switch (operation) {
            case ADD -> fp.add(aSig, aSe, bSig, bSe);
            case MULTIPLY -> fp.multiply(aSig, aSe, bSig, bSe);
            case SUBTRACT -> fp.subtract(aSig, aSe, bSig, bSe);
            case SUBTRACT_REVERSED -> fp.subtract(bSig, bSe, aSig, aSe);
            case DIVIDE -> fp.divide(aSig, aSe, bSig, bSe);
            default -> fp.divide(bSig, bSe, aSig, aSe);
        };
    }
}
