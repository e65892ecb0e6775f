package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedWords;
import portcullis.soft.simd.packed.Packing;

/** Instructions that pair elements up within 16 bytes: unpacks, packs, sums of neighbours. */
final class PackedPairing extends VectorOp {
    private static final int PUNPCKLBW = 0;
    private static final int PUNPCKLWD = 1;
    private static final int PUNPCKLDQ = 2;
    private static final int PUNPCKLQDQ = 3;
    private static final int PUNPCKHBW = 4;
    private static final int PUNPCKHWD = 5;
    private static final int PUNPCKHDQ = 6;
    private static final int PUNPCKHQDQ = 7;
    private static final int PACKSSWB = 8;
    private static final int PACKUSWB = 9;
    private static final int PACKSSDW = 10;
    private static final int PACKUSDW = 11;
    private static final int PHADDW = 12;
    private static final int PHADDD = 13;
    private static final int PHADDSW = 14;
    private static final int PHSUBW = 15;
    private static final int PHSUBD = 16;
    private static final int PHSUBSW = 17;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int HALVES = FORM == VEX256 ? 2 : 1;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PackedPairing.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    private PackedPairing(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new PackedPairing(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.wide("0F 60", "PUNPCKLBW", PUNPCKLBW);
        rows.wide("0F 61", "PUNPCKLWD", PUNPCKLWD);
        rows.wide("0F 62", "PUNPCKLDQ", PUNPCKLDQ);
        rows.wide("0F 6C", "PUNPCKLQDQ", PUNPCKLQDQ);
        rows.wide("0F 68", "PUNPCKHBW", PUNPCKHBW);
        rows.wide("0F 69", "PUNPCKHWD", PUNPCKHWD);
        rows.wide("0F 6A", "PUNPCKHDQ", PUNPCKHDQ);
        rows.wide("0F 6D", "PUNPCKHQDQ", PUNPCKHQDQ);
        rows.wide("0F 63", "PACKSSWB", PACKSSWB);
        rows.wide("0F 67", "PACKUSWB", PACKUSWB);
        rows.wide("0F 6B", "PACKSSDW", PACKSSDW);
        rows.wide("0F38 2B", "PACKUSDW", PACKUSDW);
        rows.wide("0F38 01", "PHADDW", PHADDW);
        rows.wide("0F38 02", "PHADDD", PHADDD);
        rows.wide("0F38 03", "PHADDSW", PHADDSW);
        rows.wide("0F38 05", "PHSUBW", PHSUBW);
        rows.wide("0F38 06", "PHSUBD", PHSUBD);
        rows.wide("0F38 07", "PHSUBSW", PHSUBSW);
        rows.both("NP 0F 14", "UNPCKLPS", PUNPCKLDQ);
        rows.both("66 0F 14", "UNPCKLPD", PUNPCKLQDQ);
        rows.both("NP 0F 15", "UNPCKHPS", PUNPCKHDQ);
        rows.both("66 0F 15", "UNPCKHPD", PUNPCKHQDQ);
    }

    // One method, however long: a specialisation keeps one case of the switch, but as a method of its own the switch
    // would be
    // too large for HotSpot to inline.
    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long la = 0;
        long host = 0;
        if (IN_MEMORY) {
            la = address(cpu, IS_FLAT, HALVES * 16, false);
            if (FORM == SSE) {
                align(cpu, la, 16);
            }
            host = cpu.hostForRead(la, HALVES * 16);
        }
        // All of the memory operand is read before anything is written.
        long b0 = IN_MEMORY ? load(cpu, host, la, 0) : cpu.field(second);
        long b1 = IN_MEMORY ? load(cpu, host, la, 1) : cpu.field(second + 8);
        long b2 = HALVES == 1 ? 0 : IN_MEMORY ? load(cpu, host, la, 2) : cpu.field(second + 16);
        long b3 = HALVES == 1 ? 0 : IN_MEMORY ? load(cpu, host, la, 3) : cpu.field(second + 24);
        for (int half = 0; half < HALVES; half++) {
            long aLow = cpu.field(first + half * 16);
            long aHigh = cpu.field(first + half * 16 + 8);
            long bLow = half == 0 ? b0 : b2;
            long bHigh = half == 0 ? b1 : b3;
            long low;
            long high;
            switch (KIND) {
                case PUNPCKLBW -> {
                    low = Packing.interleaveLowBytes(aLow, bLow);
                    high = Packing.interleaveHighBytes(aLow, bLow);
                }
                case PUNPCKLWD -> {
                    low = Packing.interleaveLowWords(aLow, bLow);
                    high = Packing.interleaveHighWords(aLow, bLow);
                }
                case PUNPCKLDQ -> {
                    low = Packing.interleaveLowDwords(aLow, bLow);
                    high = Packing.interleaveHighDwords(aLow, bLow);
                }
                case PUNPCKLQDQ -> {
                    low = aLow;
                    high = bLow;
                }
                case PUNPCKHBW -> {
                    low = Packing.interleaveLowBytes(aHigh, bHigh);
                    high = Packing.interleaveHighBytes(aHigh, bHigh);
                }
                case PUNPCKHWD -> {
                    low = Packing.interleaveLowWords(aHigh, bHigh);
                    high = Packing.interleaveHighWords(aHigh, bHigh);
                }
                case PUNPCKHDQ -> {
                    low = Packing.interleaveLowDwords(aHigh, bHigh);
                    high = Packing.interleaveHighDwords(aHigh, bHigh);
                }
                case PUNPCKHQDQ -> {
                    low = aHigh;
                    high = bHigh;
                }
                case PACKSSWB -> {
                    low = Packing.wordsToSignedBytes(aLow, aHigh);
                    high = Packing.wordsToSignedBytes(bLow, bHigh);
                }
                case PACKUSWB -> {
                    low = Packing.wordsToUnsignedBytes(aLow, aHigh);
                    high = Packing.wordsToUnsignedBytes(bLow, bHigh);
                }
                case PACKSSDW -> {
                    low = Packing.dwordsToSignedWords(aLow, aHigh);
                    high = Packing.dwordsToSignedWords(bLow, bHigh);
                }
                case PACKUSDW -> {
                    low = Packing.dwordsToUnsignedWords(aLow, aHigh);
                    high = Packing.dwordsToUnsignedWords(bLow, bHigh);
                }
                case PHADDW -> {
                    low = PackedWords.addHorizontally(aLow, aHigh);
                    high = PackedWords.addHorizontally(bLow, bHigh);
                }
                case PHADDD -> {
                    low = PackedDwords.addHorizontally(aLow, aHigh);
                    high = PackedDwords.addHorizontally(bLow, bHigh);
                }
                case PHADDSW -> {
                    low = PackedWords.addHorizontallySigned(aLow, aHigh);
                    high = PackedWords.addHorizontallySigned(bLow, bHigh);
                }
                case PHSUBW -> {
                    low = PackedWords.subtractHorizontally(aLow, aHigh);
                    high = PackedWords.subtractHorizontally(bLow, bHigh);
                }
                case PHSUBD -> {
                    low = PackedDwords.subtractHorizontally(aLow, aHigh);
                    high = PackedDwords.subtractHorizontally(bLow, bHigh);
                }
                case PHSUBSW -> {
                    low = PackedWords.subtractHorizontallySigned(aLow, aHigh);
                    high = PackedWords.subtractHorizontallySigned(bLow, bHigh);
                }
                default -> throw new AssertionError(KIND);
            }
            cpu.field(destination + half * 16, low);
            cpu.field(destination + half * 16 + 8, high);
        }
        clearUpper(cpu, destination, FORM);
    }
}
