package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** CLI, STI, PUSHF, POPF. */
final class FlagOp extends Op {
    private static final int CLI = 0;
    private static final int STI = 1;
    private static final int PUSHF = 2;
    private static final int POPF = 3;

    private static final Family FAMILY = FlagOp::new;

    private final int kind;

    private FlagOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("FA", "CLI", FAMILY, CLI);
        table.add("FB", "STI", FAMILY, STI, Encoding.END);
        table.add("9C", "PUSHF", FAMILY, PUSHF, Encoding.D64 | Encoding.STACK);
        table.add("9D", "POPF", FAMILY, POPF, Encoding.D64 | Encoding.STACK | Encoding.END);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case CLI -> FlagStore.clearInterrupts(cpu);
            case STI -> FlagStore.setInterrupts(cpu);
            case PUSHF -> FlagStore.push(cpu, in.operandSize);
            default -> FlagStore.pop(cpu, in.operandSize);
        }
    }
}
