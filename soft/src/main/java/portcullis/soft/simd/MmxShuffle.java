package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedQwords;
import portcullis.soft.simd.packed.PackedWords;
import portcullis.soft.simd.packed.Packing;
import portcullis.soft.x87.X87Unit;

/** MMX instructions that mix elements within their eight bytes, where SSE mixes within sixteen. */
final class MmxShuffle extends VectorOp {
    // Kinds that read only 4 bytes of memory come first.
    private static final int PUNPCKLBW = 0;
    private static final int PUNPCKLWD = 1;
    private static final int PUNPCKLDQ = 2;
    private static final int PUNPCKHBW = 3;
    private static final int PUNPCKHWD = 4;
    private static final int PUNPCKHDQ = 5;
    private static final int PACKSSWB = 6;
    private static final int PACKUSWB = 7;
    private static final int PACKSSDW = 8;
    private static final int PSHUFB = 9;
    private static final int PHADDW = 10;
    private static final int PHADDD = 11;
    private static final int PHADDSW = 12;
    private static final int PHSUBW = 13;
    private static final int PHSUBD = 14;
    private static final int PHSUBSW = 15;
    private static final int PSHUFW = 16;
    private static final int PALIGNR = 17;

    static final Family FAMILY = MmxShuffle::new;

    private final int kind;

    private MmxShuffle(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("NP 0F 60", "PUNPCKLBW Pq,Qd", PUNPCKLBW);
        rows.one("NP 0F 61", "PUNPCKLWD Pq,Qd", PUNPCKLWD);
        rows.one("NP 0F 62", "PUNPCKLDQ Pq,Qd", PUNPCKLDQ);
        rows.one("NP 0F 68", "PUNPCKHBW Pq,Qq", PUNPCKHBW);
        rows.one("NP 0F 69", "PUNPCKHWD Pq,Qq", PUNPCKHWD);
        rows.one("NP 0F 6A", "PUNPCKHDQ Pq,Qq", PUNPCKHDQ);
        rows.one("NP 0F 63", "PACKSSWB Pq,Qq", PACKSSWB);
        rows.one("NP 0F 67", "PACKUSWB Pq,Qq", PACKUSWB);
        rows.one("NP 0F 6B", "PACKSSDW Pq,Qq", PACKSSDW);
        rows.one("NP 0F38 00", "PSHUFB Pq,Qq", PSHUFB);
        rows.one("NP 0F38 01", "PHADDW Pq,Qq", PHADDW);
        rows.one("NP 0F38 02", "PHADDD Pq,Qq", PHADDD);
        rows.one("NP 0F38 03", "PHADDSW Pq,Qq", PHADDSW);
        rows.one("NP 0F38 05", "PHSUBW Pq,Qq", PHSUBW);
        rows.one("NP 0F38 06", "PHSUBD Pq,Qq", PHSUBD);
        rows.one("NP 0F38 07", "PHSUBSW Pq,Qq", PHSUBSW);
        rows.one("NP 0F 70", "PSHUFW Pq,Qq,Ib", PSHUFW);
        rows.one("NP 0F3A 0F", "PALIGNR Pq,Qq,Ib", PALIGNR);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, MMX);
        long b;
        if (!in.memory) {
            b = cpu.field(second);
        } else if (kind <= PUNPCKLDQ) {
            b = cpu.read32(linear(cpu, 4, false));
        } else {
            b = cpu.read64(linear(cpu, 8, false));
        }
        long a = cpu.field(destination);
        X87Unit.enterMmx(cpu);
        writeMmx(cpu, destination, combine(a, b));
    }

    private long combine(long a, long b) {
        return switch (kind) {
            case PUNPCKLBW -> Packing.interleaveLowBytes(a, b);
            case PUNPCKLWD -> Packing.interleaveLowWords(a, b);
            case PUNPCKLDQ -> Packing.interleaveLowDwords(a, b);
            case PUNPCKHBW -> Packing.interleaveHighBytes(a, b);
            case PUNPCKHWD -> Packing.interleaveHighWords(a, b);
            case PUNPCKHDQ -> Packing.interleaveHighDwords(a, b);
            case PACKSSWB -> Packing.wordsToSignedBytes(a, b);
            case PACKUSWB -> Packing.wordsToUnsignedBytes(a, b);
            case PACKSSDW -> Packing.dwordsToSignedWords(a, b);
            case PSHUFB -> PackedBytes.shuffle(a, b);
            case PHADDW -> PackedWords.addHorizontally(a, b);
            case PHADDD -> PackedDwords.addHorizontally(a, b);
            case PHADDSW -> PackedWords.addHorizontallySigned(a, b);
            case PHSUBW -> PackedWords.subtractHorizontally(a, b);
            case PHSUBD -> PackedDwords.subtractHorizontally(a, b);
            case PHSUBSW -> PackedWords.subtractHorizontallySigned(a, b);
            case PSHUFW -> PackedWords.shuffle(b, immediate);
            case PALIGNR -> PackedQwords.concatenation(b, a, immediate);
            default -> throw new AssertionError(kind);
        };
    }
}
