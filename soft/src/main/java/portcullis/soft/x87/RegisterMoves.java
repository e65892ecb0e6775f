package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.Extended;
import portcullis.soft.fp.x87.X87Arithmetic;
import portcullis.soft.model.Feature;

/** FST and FSTP to a register, FXCH, FCMOVcc, FFREE, FINCSTP, FDECSTP, FNOP. */
final class RegisterMoves extends X87Op {
    private static final int NOP = 0;
    private static final int STORE = 1;
    private static final int STORE_POP = 2;
    /** FSTP that takes an empty ST(0) for what it is. */
    private static final int STORE_POP_SILENT = 3;

    private static final int EXCHANGE = 4;
    private static final int FREE = 5;
    private static final int FREE_POP = 6;
    private static final int INCREMENT = 7;
    private static final int DECREMENT = 8;
    /** And the condition, as Jcc numbers it. */
    private static final int CONDITIONAL = 16;

    static final Family FAMILY = RegisterMoves::new;

    private final int kind;

    private RegisterMoves(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable t) {
        t.add("D9 =D0", "FNOP", FAMILY, NOP);
        t.add("DD reg /2", "FST STi", FAMILY, STORE);
        t.add("DD reg /3", "FSTP STi", FAMILY, STORE_POP);
        t.add("DF reg /2", "FSTP STi", FAMILY, STORE_POP);
        t.add("DF reg /3", "FSTP STi", FAMILY, STORE_POP);
        t.add("D9 reg /3", "FSTPNCE STi", FAMILY, STORE_POP_SILENT);
        t.add("D9 reg /1", "FXCH STi", FAMILY, EXCHANGE);
        t.add("DD reg /1", "FXCH STi", FAMILY, EXCHANGE);
        t.add("DF reg /1", "FXCH STi", FAMILY, EXCHANGE);
        t.add("DD reg /0", "FFREE STi", FAMILY, FREE);
        t.add("DF reg /0", "FFREEP STi", FAMILY, FREE_POP);
        t.add("D9 =F7", "FINCSTP", FAMILY, INCREMENT);
        t.add("D9 =F6", "FDECSTP", FAMILY, DECREMENT);
        // B, E, BE and U, and their opposites.
        int[] conditions = {2, 4, 6, 10};
        String[] names = {"B", "E", "BE", "U"};
        for (int i = 0; i < 4; i++) {
            t.add("DA reg /" + i, "FCMOV" + names[i] + " ST0,STi", FAMILY, CONDITIONAL + conditions[i]);
            t.add("DB reg /" + i, "FCMOVN" + names[i] + " ST0,STi", FAMILY, CONDITIONAL + conditions[i] + 1);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        if (kind >= CONDITIONAL && !cpu.model.has(Feature.CMOV)) {
            throw cpu.fault(Fault.UD);
        }
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        int top = X87Unit.top(unit);
        int other = top + operand & 7;
        switch (kind) {
            case NOP -> pointers(cpu);
            case STORE, STORE_POP, STORE_POP_SILENT -> store(cpu, fp, unit, top, other);
            case EXCHANGE -> exchange(cpu, fp, unit, top, other);
            case FREE, FREE_POP -> {
                long freed = X87Unit.emptied(unit, other);
                conclude(cpu, fp, kind == FREE ? freed : pop(freed));
            }
            case INCREMENT -> conclude(cpu, fp, X87Unit.popped(unit));
            case DECREMENT -> conclude(cpu, fp, X87Unit.pushed(unit));
            default -> conditional(cpu, fp, unit, top, other);
        }
    }

    private void store(Cpu cpu, X87Arithmetic fp, long unit, int top, int other) {
        boolean stored = true;
        if (X87Unit.isEmpty(unit, top)) {
            if (kind == STORE_POP_SILENT) {
                conclude(cpu, fp, pop(unit));
                return;
            }
            stored = fp.stackUnderflow();
        } else {
            fp.significand = X87Unit.significand(cpu, top);
            fp.signExponent = X87Unit.signExponent(cpu, top);
        }
        long next = unit;
        if (stored) {
            next = store(cpu, fp, unit, other);
            if (kind != STORE) {
                next = pop(next);
            }
        }
        conclude(cpu, fp, next);
    }

    private void exchange(Cpu cpu, X87Arithmetic fp, long unit, int top, int other) {
        long significand = X87Unit.significand(cpu, top);
        int signExponent = X87Unit.signExponent(cpu, top);
        long otherSignificand = X87Unit.significand(cpu, other);
        int otherSignExponent = X87Unit.signExponent(cpu, other);
        if (X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, other)) {
            if (!fp.stackUnderflow()) {
                conclude(cpu, fp, unit);
                return;
            }
            if (X87Unit.isEmpty(unit, top)) {
                significand = Extended.INDEFINITE_SIGNIFICAND;
                signExponent = Extended.INDEFINITE_SIGN_EXPONENT;
            }
            if (X87Unit.isEmpty(unit, other)) {
                otherSignificand = Extended.INDEFINITE_SIGNIFICAND;
                otherSignExponent = Extended.INDEFINITE_SIGN_EXPONENT;
            }
        }
        X87Unit.register(cpu, top, otherSignificand, otherSignExponent);
        X87Unit.register(cpu, other, significand, signExponent);
        conclude(cpu, fp, X87Unit.used(X87Unit.used(unit, top), other));
    }

    /** Both registers are operands, whatever the condition. */
    private void conditional(Cpu cpu, X87Arithmetic fp, long unit, int top, int other) {
        if (X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, other)) {
            conclude(cpu, fp, fp.stackUnderflow() ? store(cpu, fp, unit, top) : unit);
            return;
        }
        if (cpu.condition(kind - CONDITIONAL)) {
            X87Unit.register(cpu, top, X87Unit.significand(cpu, other), X87Unit.signExponent(cpu, other));
        }
        pointers(cpu);
    }
}
