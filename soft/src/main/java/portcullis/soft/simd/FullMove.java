package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Whole registers: MOVAPS, MOVUPS, MOVDQA, MOVDQU, the non-temporal ones (which are ordinary here). */
final class FullMove extends VectorOp {
    private static final int LOAD = 0;
    private static final int LOAD_ALIGNED = 1;
    private static final int STORE = 2;
    private static final int STORE_ALIGNED = 3;

    private static final int KEY = key(MethodHandles.lookup());
    private static final boolean STORES = (KEY & STORE) != 0;
    private static final boolean ALIGNED = (KEY & LOAD_ALIGNED) != 0;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = FORM == VEX256 ? 4 : 2;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), FullMove.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    private FullMove(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new FullMove(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        pair(rows, "NP 0F 10", "NP 0F 11", "MOVUPS", 0);
        pair(rows, "66 0F 10", "66 0F 11", "MOVUPD", 0);
        pair(rows, "NP 0F 28", "NP 0F 29", "MOVAPS", LOAD_ALIGNED);
        pair(rows, "66 0F 28", "66 0F 29", "MOVAPD", LOAD_ALIGNED);
        pair(rows, "66 0F 6F", "66 0F 7F", "MOVDQA", LOAD_ALIGNED);
        pair(rows, "F3 0F 6F", "F3 0F 7F", "MOVDQU", 0);
        rows.bothUnary("F2 0F F0 mem", "LDDQU", LOAD);
        rows.one("66 0F38 2A mem", "MOVNTDQA Vdq,Wdq", LOAD_ALIGNED);
        rows.one("VEX 66 0F38 2A mem", "VMOVNTDQA Vx,Wx", LOAD_ALIGNED);
        store(rows, "NP 0F 2B mem", "MOVNTPS", STORE_ALIGNED);
        store(rows, "66 0F 2B mem", "MOVNTPD", STORE_ALIGNED);
        store(rows, "66 0F E7 mem", "MOVNTDQ", STORE_ALIGNED);
    }

    private static void pair(Rows rows, String load, String store, String mnemonic, int aligned) {
        rows.bothUnary(load, mnemonic, LOAD | aligned);
        store(rows, store, mnemonic, STORE | aligned);
    }

    private static void store(Rows rows, String encoding, String mnemonic, int kind) {
        rows.one(encoding, mnemonic + " Wdq,Vdq", kind);
        rows.one("VEX " + encoding, "V" + mnemonic + " Wx,Vx", kind);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        if (!IN_MEMORY) {
            copy(cpu, STORES ? destination : second, STORES ? second : destination);
            return;
        }
        long la = address(cpu, IS_FLAT, LONGS * 8, STORES);
        if (ALIGNED) {
            align(cpu, la, LONGS * 8);
        }
        if (STORES) {
            if (LONGS == 4) {
                storeWide(cpu, la, destination);
            } else {
                store(cpu, la, cpu.field(destination), cpu.field(destination + 8));
            }
            return;
        }
        long host = cpu.hostForRead(la, LONGS * 8);
        long v0 = load(cpu, host, la, 0);
        long v1 = load(cpu, host, la, 1);
        long v2 = LONGS == 4 ? load(cpu, host, la, 2) : 0;
        long v3 = LONGS == 4 ? load(cpu, host, la, 3) : 0;
        cpu.field(destination, v0);
        cpu.field(destination + 8, v1);
        if (FORM != SSE) {
            cpu.field(destination + 16, v2);
            cpu.field(destination + 24, v3);
        }
    }

    private static void copy(Cpu cpu, int from, int to) {
        for (int i = 0; i < LONGS; i++) {
            cpu.field(to + i * 8, cpu.field(from + i * 8));
        }
        clearUpper(cpu, to, FORM);
    }
}
