package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.StringCompare;
import portcullis.soft.state.State;

/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. Memory operands need no alignment. */
final class StringComparison extends VectorOp {
    private static final int MASK_OUT = 0;
    private static final int INDEX_OUT = 1;
    /** Or-ed: lengths end at the first zero element instead of standing in EAX and EDX. */
    private static final int IMPLICIT = 2;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new StringComparison(in);

    private final int kind;
    private final int form;

    private StringComparison(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        String[] names = {"PCMPESTRM", "PCMPESTRI", "PCMPISTRM", "PCMPISTRI"};
        for (int kind = 0; kind < 4; kind++) {
            rows.one("66 0F3A 6" + kind, names[kind] + " Vdq,Wdq,Ib", kind);
            rows.one("VEX.L0 66 0F3A 6" + kind, "V" + names[kind] + " Vdq,Wdq,Ib", kind);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        long bLow = cpu.field(second);
        long bHigh = cpu.field(second + 8);
        if (in.memory) {
            long la = linear(cpu, 16, false);
            long host = cpu.hostForRead(la, 16);
            bLow = load(cpu, host, la, 0);
            bHigh = load(cpu, host, la, 1);
        }
        long aLow = cpu.field(destination);
        long aHigh = cpu.field(destination + 8);
        int aLength;
        int bLength;
        if ((kind & IMPLICIT) != 0) {
            aLength = StringCompare.implicitLength(aLow, aHigh, immediate);
            bLength = StringCompare.implicitLength(bLow, bHigh, immediate);
        } else {
            aLength = explicitLength(cpu, Cpu.RAX);
            bLength = explicitLength(cpu, Cpu.RDX);
        }
        int result = StringCompare.compare(aLow, aHigh, aLength, bLow, bHigh, bLength, immediate);
        if ((kind & INDEX_OUT) != MASK_OUT) {
            cpu.r32(Cpu.RCX, StringCompare.index(result, immediate));
        } else {
            cpu.field(State.VECTOR, StringCompare.mask(result, immediate, false));
            cpu.field(State.VECTOR + 8, StringCompare.mask(result, immediate, true));
            clearUpper(cpu, State.VECTOR, form);
        }
        int elements = StringCompare.elements(immediate);
        cpu.status((result != 0 ? Cpu.CF : 0)
                | (bLength < elements ? Cpu.ZF : 0)
                | (aLength < elements ? Cpu.SF : 0)
                | ((result & 1) != 0 ? Cpu.OF : 0));
    }

    private int explicitLength(Cpu cpu, int register) {
        long count = in.w && in.is64() ? cpu.r64(register) : (int) cpu.r64(register);
        return StringCompare.explicitLength(count, immediate);
    }
}
