package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.StatusWord;
import portcullis.soft.fp.x87.X87Arithmetic;
import portcullis.soft.model.Feature;

/** FCOM, FUCOM and FICOM, popping or not, FCOMI and FUCOMI, FTST, FXAM. */
final class Comparisons extends X87Op {
    // kind: pops in bits 1:0, format in bits 5:3, then
    private static final int QUIET = 1 << 6;
    private static final int TO_RFLAGS = 1 << 7;
    private static final int TEST = 1 << 8;
    private static final int EXAMINE = 1 << 9;

    private static final int ORDER = StatusWord.C3 | StatusWord.C2 | StatusWord.C0;

    static final Family FAMILY = Comparisons::new;

    private final int kind;
    private final int pops;
    private final int format;

    private Comparisons(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        pops = kind & 3;
        format = kind >>> 3 & 7;
    }

    static void register(OpcodeTable t) {
        for (int pop = 0; pop < 2; pop++) {
            String digit = " /" + (2 + pop);
            String suffix = pop == 0 ? "" : "P";
            t.add("D8 mem" + digit, "FCOM" + suffix + " Md", FAMILY, pop | SINGLE << 3);
            t.add("DC mem" + digit, "FCOM" + suffix + " Mq", FAMILY, pop | DOUBLE << 3);
            t.add("DA mem" + digit, "FICOM" + suffix + " Md", FAMILY, pop | INT32 << 3);
            t.add("DE mem" + digit, "FICOM" + suffix + " Mw", FAMILY, pop | INT16 << 3);
            t.add("D8 reg" + digit, "FCOM" + suffix + " ST0,STi", FAMILY, pop);
            t.add("DC reg" + digit, "FCOM" + suffix + " ST0,STi", FAMILY, pop);
        }
        t.add("DE reg /2", "FCOMP ST0,STi", FAMILY, 1);
        t.add("DE =D9", "FCOMPP", FAMILY, 2);
        t.add("DA =E9", "FUCOMPP", FAMILY, 2 | QUIET);
        t.add("DD reg /4", "FUCOM ST0,STi", FAMILY, QUIET);
        t.add("DD reg /5", "FUCOMP ST0,STi", FAMILY, 1 | QUIET);
        t.add("DB reg /6", "FCOMI ST0,STi", FAMILY, TO_RFLAGS);
        t.add("DB reg /5", "FUCOMI ST0,STi", FAMILY, QUIET | TO_RFLAGS);
        t.add("DF reg /6", "FCOMIP ST0,STi", FAMILY, 1 | TO_RFLAGS);
        t.add("DF reg /5", "FUCOMIP ST0,STi", FAMILY, 1 | QUIET | TO_RFLAGS);
        t.add("D9 =E4", "FTST", FAMILY, TEST);
        t.add("D9 =E5", "FXAM", FAMILY, EXAMINE);
    }

    @Override
    public void execute(Cpu cpu) {
        if ((kind & TO_RFLAGS) != 0 && !cpu.model.has(Feature.CMOV)) {
            throw cpu.fault(Fault.UD);
        }
        long unit = begin(cpu);
        X87Arithmetic fp = arithmetic(cpu);
        int top = X87Unit.top(unit);
        if ((kind & EXAMINE) != 0) {
            examine(cpu, fp, unit, top);
            return;
        }
        boolean denormal = format != REGISTER && loadOperand(cpu, fp, format);
        long bSig = fp.significand;
        int bSe = fp.signExponent;
        int used = top;
        if ((kind & TEST) != 0) {
            bSig = 0;
            bSe = 0;
        } else if (format == REGISTER) {
            used = top + operand & 7;
            bSig = X87Unit.significand(cpu, used);
            bSe = X87Unit.signExponent(cpu, used);
        }
        long aSig = X87Unit.significand(cpu, top);
        int aSe = X87Unit.signExponent(cpu, top);
        boolean done;
        if (X87Unit.isEmpty(unit, top) || X87Unit.isEmpty(unit, used)) {
            done = fp.stackUnderflow();
            fp.flags |= ORDER;
        } else if ((kind & QUIET) != 0) {
            done = fp.compareQuiet(aSig, aSe, bSig, bSe);
        } else {
            done = fp.compare(aSig, aSe, bSig, bSe);
        }
        if (denormal && (fp.flags & StatusWord.STACK_FAULT) == 0) {
            done = fp.afterDenormal(done, aSig, aSe);
        }
        finish(cpu, fp, unit, done);
    }

    private void finish(Cpu cpu, X87Arithmetic fp, long unit, boolean done) {
        long next = unit;
        if (done) {
            for (int i = 0; i < pops; i++) {
                next = pop(next);
            }
        }
        if ((kind & TO_RFLAGS) != 0) {
            // C3, C2 and C0 are eight places above ZF, PF and CF.
            cpu.status((fp.flags & ORDER) >>> 8 & (Flags.ZF | Flags.PF | Flags.CF));
            fp.flags &= ~ORDER;
            conclude(cpu, fp, next, (fp.flags & StatusWord.STACK_FAULT) != 0 ? StatusWord.C1 : 0);
        } else {
            conclude(cpu, fp, next, StatusWord.CONDITIONS);
        }
    }

    private void examine(Cpu cpu, X87Arithmetic fp, long unit, int top) {
        int signExponent = X87Unit.signExponent(cpu, top);
        if (X87Unit.isEmpty(unit, top)) {
            fp.flags = StatusWord.C3 | StatusWord.C0 | (signExponent >>> 15) * StatusWord.C1;
        } else {
            fp.flags = X87Arithmetic.examine(X87Unit.significand(cpu, top), signExponent);
        }
        conclude(cpu, fp, unit, StatusWord.CONDITIONS);
    }
}
