package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedQwords;
import portcullis.soft.simd.packed.PackedWords;
import portcullis.soft.state.State;

/** Instructions that choose elements within 16 bytes: shuffles, blends, alignment, sums of sliding blocks. */
final class PackedShuffle extends VectorOp {
    private static final int PSHUFB = 0;
    private static final int PSHUFD = 1;
    private static final int PSHUFHW = 2;
    private static final int PSHUFLW = 3;
    private static final int SHUFPS = 4;
    private static final int SHUFPD = 5;
    private static final int PALIGNR = 6;
    private static final int PBLENDW = 7;
    private static final int BLENDPS = 8;
    private static final int BLENDPD = 9;
    private static final int MPSADBW = 10;
    private static final int MOVSLDUP = 11;
    private static final int MOVSHDUP = 12;
    private static final int VPERMILPS = 13;
    private static final int VPERMILPD = 14;
    private static final int VPERMILPDI = 15;
    private static final int PHMINPOSUW = 16;
    private static final int PBLENDVB = 17;
    private static final int BLENDVPS = 18;
    private static final int BLENDVPD = 19;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int HALVES = FORM == VEX256 ? 2 : 1;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PackedShuffle.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    /** State offset of a blend's mask: XMM0, or the register that the immediate names. */
    private final int mask;

    private PackedShuffle(Instruction in) {
        super(in);
        mask = in != null && in.encoding.isVex() ? vectorRegister(in.immediate2) : State.VECTOR;
    }

    @Override
    protected Op make(Instruction in) {
        return new PackedShuffle(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.wide("0F38 00", "PSHUFB", PSHUFB);
        rows.bothUnaryImmediate("66 0F 70", "PSHUFD", PSHUFD);
        rows.bothUnaryImmediate("F3 0F 70", "PSHUFHW", PSHUFHW);
        rows.bothUnaryImmediate("F2 0F 70", "PSHUFLW", PSHUFLW);
        rows.bothImmediate("NP 0F C6", "SHUFPS", SHUFPS);
        rows.bothImmediate("66 0F C6", "SHUFPD", SHUFPD);
        rows.bothImmediate("66 0F3A 0F", "PALIGNR", PALIGNR);
        rows.bothImmediate("66 0F3A 0E", "PBLENDW", PBLENDW);
        rows.bothImmediate("66 0F3A 0C", "BLENDPS", BLENDPS);
        rows.bothImmediate("66 0F3A 0D", "BLENDPD", BLENDPD);
        rows.bothImmediate("66 0F3A 42", "MPSADBW", MPSADBW);
        rows.bothUnary("F3 0F 12", "MOVSLDUP", MOVSLDUP);
        rows.bothUnary("F3 0F 16", "MOVSHDUP", MOVSHDUP);
        rows.one("66 0F38 41", "PHMINPOSUW Vdq,Wdq", PHMINPOSUW);
        rows.one("VEX.L0 66 0F38 41", "VPHMINPOSUW Vdq,Wdq", PHMINPOSUW);
        rows.one("66 0F38 10", "PBLENDVB Vdq,Wdq", PBLENDVB);
        rows.one("66 0F38 14", "BLENDVPS Vdq,Wdq", BLENDVPS);
        rows.one("66 0F38 15", "BLENDVPD Vdq,Wdq", BLENDVPD);
        rows.one("VEX.W0 66 0F3A 4A", "VBLENDVPS Vx,Hx,Wx,Lx", BLENDVPS);
        rows.one("VEX.W0 66 0F3A 4B", "VBLENDVPD Vx,Hx,Wx,Lx", BLENDVPD);
        rows.one("VEX.W0 66 0F3A 4C", "VPBLENDVB Vx,Hx,Wx,Lx", PBLENDVB);
        rows.one("VEX.W0 66 0F3A 02", "VPBLENDD Vx,Hx,Wx,Ib", BLENDPS);
        rows.one("VEX.W0 66 0F38 0C", "VPERMILPS Vx,Hx,Wx", VPERMILPS);
        rows.one("VEX.W0 66 0F38 0D", "VPERMILPD Vx,Hx,Wx", VPERMILPD);
        rows.one("VEX.W0 66 0F3A 04", "VPERMILPS Vx,Wx,Ib", PSHUFD);
        rows.one("VEX.W0 66 0F3A 05", "VPERMILPD Vx,Wx,Ib", VPERMILPDI);
    }

    /** Half of PSHUFB: eight bytes of the sixteen at a state offset, picked where they lie. */
    private static long shuffleBytes(Cpu cpu, int register, long control) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            result |= cpu.reg(register + ((int) (control >>> shift) & 15), 1) << shift;
        }
        return result & ~PackedBytes.fillFromSign(control);
    }

    /** Half of MPSADBW: four sums from byte {@code skip} of the first operand's part that bit 2 selects. */
    private static long slidingSums(long aLow, long aHigh, long bLow, long bHigh, int selection, int skip) {
        long window = PackedQwords.concatenation(aLow, aHigh, (selection & 4) + skip);
        return PackedBytes.slidingSums(window, PackedDwords.element(bLow, bHigh, selection));
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
                case PSHUFB -> {
                    low = shuffleBytes(cpu, first + half * 16, bLow);
                    high = shuffleBytes(cpu, first + half * 16, bHigh);
                }
                case PSHUFD -> {
                    low = PackedDwords.shuffle(bLow, bHigh, immediate);
                    high = PackedDwords.shuffle(bLow, bHigh, immediate >>> 4);
                }
                case PSHUFHW -> {
                    low = bLow;
                    high = PackedWords.shuffle(bHigh, immediate);
                }
                case PSHUFLW -> {
                    low = PackedWords.shuffle(bLow, immediate);
                    high = bHigh;
                }
                case SHUFPS -> {
                    low = PackedDwords.shuffle(aLow, aHigh, immediate);
                    high = PackedDwords.shuffle(bLow, bHigh, immediate >>> 4);
                }
                case SHUFPD -> {
                    low = (immediate >>> 2 * half & 1) != 0 ? aHigh : aLow;
                    high = (immediate >>> 2 * half & 2) != 0 ? bHigh : bLow;
                }
                case PALIGNR -> {
                    low = PackedQwords.window(bLow, bHigh, aLow, aHigh, immediate);
                    high = PackedQwords.window(bLow, bHigh, aLow, aHigh, immediate + 8);
                }
                case PBLENDW -> {
                    low = PackedWords.blend(aLow, bLow, immediate);
                    high = PackedWords.blend(aHigh, bHigh, immediate >>> 4);
                }
                case BLENDPS -> {
                    low = PackedDwords.blend(aLow, bLow, immediate >>> 4 * half);
                    high = PackedDwords.blend(aHigh, bHigh, immediate >>> 4 * half + 2);
                }
                case BLENDPD -> {
                    low = (immediate >>> 2 * half & 1) != 0 ? bLow : aLow;
                    high = (immediate >>> 2 * half & 2) != 0 ? bHigh : aHigh;
                }
                case MPSADBW -> {
                    low = slidingSums(aLow, aHigh, bLow, bHigh, immediate >>> 3 * half, 0);
                    high = slidingSums(aLow, aHigh, bLow, bHigh, immediate >>> 3 * half, 4);
                }
                case MOVSLDUP -> {
                    low = PackedDwords.pair((int) bLow, (int) bLow);
                    high = PackedDwords.pair((int) bHigh, (int) bHigh);
                }
                case MOVSHDUP -> {
                    low = PackedDwords.pair((int) (bLow >>> 32), (int) (bLow >>> 32));
                    high = PackedDwords.pair((int) (bHigh >>> 32), (int) (bHigh >>> 32));
                }
                case VPERMILPS -> {
                    low = PackedDwords.shuffle(aLow, aHigh, (int) bLow & 3 | (int) (bLow >>> 30) & 12);
                    high = PackedDwords.shuffle(aLow, aHigh, (int) bHigh & 3 | (int) (bHigh >>> 30) & 12);
                }
                case VPERMILPD -> {
                    low = (bLow & 2) != 0 ? aHigh : aLow;
                    high = (bHigh & 2) != 0 ? aHigh : aLow;
                }
                case VPERMILPDI -> {
                    low = (immediate >>> 2 * half & 1) != 0 ? bHigh : bLow;
                    high = (immediate >>> 2 * half & 2) != 0 ? bHigh : bLow;
                }
                case PHMINPOSUW -> {
                    low = PackedWords.minimumPosition(bLow, bHigh);
                    high = 0;
                }
                case PBLENDVB -> {
                    low = PackedBytes.blend(aLow, bLow, cpu.field(mask + half * 16));
                    high = PackedBytes.blend(aHigh, bHigh, cpu.field(mask + half * 16 + 8));
                }
                case BLENDVPS -> {
                    low = PackedDwords.blendBySign(aLow, bLow, cpu.field(mask + half * 16));
                    high = PackedDwords.blendBySign(aHigh, bHigh, cpu.field(mask + half * 16 + 8));
                }
                case BLENDVPD -> {
                    low = cpu.field(mask + half * 16) < 0 ? bLow : aLow;
                    high = cpu.field(mask + half * 16 + 8) < 0 ? bHigh : aHigh;
                }
                default -> throw new AssertionError(KIND);
            }
            cpu.field(destination + half * 16, low);
            cpu.field(destination + half * 16 + 8, high);
        }
        clearUpper(cpu, destination, FORM);
    }
}
