package portcullis.soft.simd;

import java.lang.invoke.MethodHandles;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedDwords;
import portcullis.soft.simd.packed.PackedQwords;
import portcullis.soft.simd.packed.PackedWords;
import portcullis.soft.x87.X87Unit;

/** Shifts of all elements by one count, from a register, 16 bytes of memory (8 with MMX) or an immediate. */
final class PackedShift extends VectorOp {
    private static final int PSRLW = 0;
    private static final int PSRLD = 1;
    private static final int PSRLQ = 2;
    private static final int PSRAW = 3;
    private static final int PSRAD = 4;
    private static final int PSLLW = 5;
    private static final int PSLLD = 6;
    private static final int PSLLQ = 7;
    /** Or-ed to a kind: the count is an immediate, the operand is modrm.rm. */
    private static final int BY_IMMEDIATE = 16;

    private static final int KEY = key(MethodHandles.lookup());
    private static final int KIND = KEY & KIND_MASK & ~BY_IMMEDIATE;
    private static final boolean IMMEDIATE = (KEY & BY_IMMEDIATE) != 0;
    private static final int FORM = KEY >>> FORM_SHIFT & 3;
    private static final boolean IN_MEMORY = (KEY & MEMORY) != 0;
    private static final boolean IS_FLAT = (KEY & FLAT) != 0;
    private static final int LONGS = FORM == MMX ? 1 : FORM == VEX256 ? 4 : 2;

    private static final Specializations SPECIALIZED = new Specializations(MethodHandles.lookup(), PackedShift.class);

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : SPECIALIZED.make(key(in, form(in)), in);

    private final int target;
    private final int source;

    private PackedShift(Instruction in) {
        super(in);
        boolean byImmediate = in != null && (in.encoding.kind & BY_IMMEDIATE) != 0;
        target = !byImmediate ? destination : in.encoding.isVex() ? first : second;
        source = byImmediate ? second : first;
    }

    @Override
    protected Op make(Instruction in) {
        return new PackedShift(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        String[] names = {"PSRLW", "PSRLD", "PSRLQ", "PSRAW", "PSRAD", "PSLLW", "PSLLD", "PSLLQ"};
        String[] opcodes = {"D1", "D2", "D3", "E1", "E2", "F1", "F2", "F3"};
        String[] groups = {"71 /2", "72 /2", "73 /2", "71 /4", "72 /4", "71 /6", "72 /6", "73 /6"};
        for (int i = 0; i < names.length; i++) {
            rows.one("NP 0F " + opcodes[i], names[i] + " Pq,Qq", i);
            rows.one("66 0F " + opcodes[i], names[i] + " Vdq,Wdq", i);
            rows.one("VEX 66 0F " + opcodes[i], "V" + names[i] + " Vx,Hx,Wdq", i);
            int kind = i | BY_IMMEDIATE;
            rows.one("NP 0F " + groups[i] + " reg", names[i] + " Nq,Ib", kind);
            rows.one("66 0F " + groups[i] + " reg", names[i] + " Udq,Ib", kind);
            rows.one("VEX 66 0F " + groups[i] + " reg", "V" + names[i] + " Hx,Ux,Ib", kind);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, FORM);
        long count;
        if (IMMEDIATE) {
            count = immediate;
        } else if (!IN_MEMORY) {
            count = cpu.field(second);
        } else {
            // The upper half of the count's 16 bytes does not matter, but it is read.
            int size = FORM == MMX ? 8 : 16;
            long la = address(cpu, IS_FLAT, size, false);
            if (FORM == SSE) {
                align(cpu, la, 16);
            }
            long host = cpu.hostForRead(la, size);
            count = load(cpu, host, la, 0);
            if (FORM != MMX && host == 0) {
                load(cpu, host, la, 1);
            }
        }
        if (FORM == MMX) {
            X87Unit.enterMmx(cpu);
        }
        for (int i = 0; i < LONGS; i++) {
            long a = cpu.field(source + i * 8);
            long result = switch (KIND) {
                case PSRLW -> PackedWords.shiftRight(a, count);
                case PSRLD -> PackedDwords.shiftRight(a, count);
                case PSRLQ -> PackedQwords.shiftRight(a, count);
                case PSRAW -> PackedWords.shiftRightArithmetic(a, count);
                case PSRAD -> PackedDwords.shiftRightArithmetic(a, count);
                case PSLLW -> PackedWords.shiftLeft(a, count);
                case PSLLD -> PackedDwords.shiftLeft(a, count);
                case PSLLQ -> PackedQwords.shiftLeft(a, count);
                default -> throw new AssertionError(KIND);
            };
            if (FORM == MMX) {
                writeMmx(cpu, target, result);
            } else {
                cpu.field(target + i * 8, result);
            }
        }
        clearUpper(cpu, target, FORM);
    }
}
