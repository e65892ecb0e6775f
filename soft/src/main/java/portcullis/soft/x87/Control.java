package portcullis.soft.x87;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.fp.x87.StatusWord;
import portcullis.soft.state.State;

/** FNINIT, FNCLEX, control and status word, FWAIT. Control instructions do not touch the instruction and data pointers. */
final class Control extends Op {
    private static final int INITIALIZE = 0;
    private static final int CLEAR = 1;
    private static final int STORE_STATUS = 2;
    private static final int STORE_CONTROL = 3;
    private static final int LOAD_CONTROL = 4;
    private static final int WAIT = 5;
    /** FNENI, FNDISI, FNSETPM: meant something to older units. */
    private static final int NOTHING = 6;

    static final Family FAMILY = Control::new;

    private final int kind;

    private Control(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable t) {
        t.add("DB =E3", "FNINIT", FAMILY, INITIALIZE);
        t.add("DB =E2", "FNCLEX", FAMILY, CLEAR);
        t.add("DB =E0", "FNENI", FAMILY, NOTHING);
        t.add("DB =E1", "FNDISI", FAMILY, NOTHING);
        t.add("DB =E4", "FNSETPM", FAMILY, NOTHING);
        t.add("DF =E0", "FNSTSW", FAMILY, STORE_STATUS);
        t.add("DD mem /7", "FNSTSW Mw", FAMILY, STORE_STATUS);
        t.add("D9 mem /7", "FNSTCW Mw", FAMILY, STORE_CONTROL);
        t.add("D9 mem /5", "FLDCW Mw", FAMILY, LOAD_CONTROL);
        t.add("9B", "FWAIT", FAMILY, WAIT);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case WAIT -> {
                if ((cpu.cr0() & (Cpu.CR0_MP | Cpu.CR0_TS)) == (Cpu.CR0_MP | Cpu.CR0_TS)) {
                    throw cpu.fault(Fault.NM);
                }
                X87Unit.raisePending(cpu, cpu.field32(State.FSW));
            }
            case LOAD_CONTROL -> {
                X87Unit.require(cpu);
                X87Unit.control(cpu, cpu.read16(linear(cpu, 2, false)));
            }
            default -> {
                X87Unit.requireNoWait(cpu);
                withoutWaiting(cpu);
            }
        }
    }

    private void withoutWaiting(Cpu cpu) {
        switch (kind) {
            case INITIALIZE -> X87Unit.initialize(cpu);
            case CLEAR -> cpu.field32(State.FSW, cpu.field32(State.FSW) & (StatusWord.CONDITIONS | StatusWord.TOP));
            case STORE_STATUS -> {
                int status = cpu.field32(State.FSW);
                if (in.memory) {
                    cpu.write16(linear(cpu, 2, true), status);
                } else {
                    cpu.r16(Cpu.RAX, status);
                }
            }
            case STORE_CONTROL -> cpu.write16(linear(cpu, 2, true), cpu.field32(State.FCW));
            default -> {
                // Nothing.
            }
        }
    }
}
