package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.Packing;

/** PMOVSX and PMOVZX: elements to wider elements. The memory operand is only as long as what is used of it. */
final class Widening extends VectorOp {
    private static final int BYTE_TO_WORD = 0;
    private static final int BYTE_TO_DWORD = 1;
    private static final int BYTE_TO_QWORD = 2;
    private static final int WORD_TO_DWORD = 3;
    private static final int WORD_TO_QWORD = 4;
    private static final int DWORD_TO_QWORD = 5;
    /** Or-ed to a kind. */
    private static final int ZERO = 8;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int WIDTHS = KEY & 7;
    private static final boolean SIGNED = (KEY & ZERO) == 0;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = FORM == VEX256 ? 4 : 2;
    /** Bits of the source that make a long of the result. */
    private static final int STEP = switch (WIDTHS) {
        case BYTE_TO_QWORD -> 8;
        case BYTE_TO_DWORD, WORD_TO_QWORD -> 16;
        default -> 32;
    };

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), Widening.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    private Widening(Instruction in) {
        super(in);
    }

    @Override
    protected Op make(Instruction in) {
        return new Widening(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        String[] names = {"BW", "BD", "BQ", "WD", "WQ", "DQ"};
        // Source operands for 16 and 32 bytes of result.
        String[] sources = {"Wq", "Wd", "Ww", "Wq", "Wd", "Wq"};
        String[] wideSources = {"Wdq", "Wq", "Wd", "Wdq", "Wq", "Wdq"};
        for (int i = 0; i < names.length; i++) {
            for (int zero = 0; zero <= ZERO; zero += ZERO) {
                String name = (zero == 0 ? "PMOVSX" : "PMOVZX") + names[i];
                String encoding = "66 0F38 " + (zero == 0 ? 2 : 3) + i;
                rows.one(encoding, name + " Vdq," + sources[i], i | zero);
                rows.one("VEX.L0 " + encoding, "V" + name + " Vx," + sources[i], i | zero);
                rows.one("VEX.L1 " + encoding, "V" + name + " Vx," + wideSources[i], i | zero);
            }
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long low;
        long high = 0;
        if (IN_MEMORY) {
            int size = LONGS * STEP / 8;
            long la = address(cpu, IS_FLAT, size, false);
            low = cpu.read(la, Math.min(size, 8));
            if (size == 16) {
                high = cpu.read64(after(cpu, la, 8));
            }
        } else {
            low = cpu.field(second);
            high = cpu.field(second + 8);
        }
        for (int i = 0; i < LONGS; i++) {
            int at = i * STEP;
            int source = (int) ((at < 64 ? low : high) >>> (at & 63));
            long result = switch (WIDTHS) {
                case BYTE_TO_WORD -> SIGNED ? Packing.widenSignedBytes(source) : Packing.widenBytes(source);
                case BYTE_TO_DWORD ->
                    SIGNED ? Packing.widenSignedBytesToDwords(source) : Packing.widenBytesToDwords(source);
                case BYTE_TO_QWORD -> SIGNED ? (byte) source : source & 0xff;
                case WORD_TO_DWORD -> SIGNED ? Packing.widenSignedWords(source) : Packing.widenWords(source);
                case WORD_TO_QWORD -> SIGNED ? (short) source : source & 0xffff;
                case DWORD_TO_QWORD -> SIGNED ? source : source & 0xffff_ffffL;
                default -> throw new AssertionError(WIDTHS);
            };
            cpu.field(destination + i * 8, result);
        }
        clearUpper(cpu, destination, FORM);
    }
}
