package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedBytes;
import portcullis.soft.x87.X87Unit;

/**
 * Loads and stores of the elements that a mask selects: MASKMOVQ, MASKMOVDQU, VMASKMOVPS, VPMASKMOVD. Elements that are not
 * selected are not accessed and cannot fault.
 */
final class MaskedMove extends VectorOp {
    private static final int MASKMOVQ = 0;
    private static final int MASKMOVDQU = 1;
    private static final int LOAD = 2;
    private static final int STORE = 3;
    /** Or-ed to LOAD and STORE: elements of 8 bytes. */
    private static final int QWORDS = 4;

    private static final int RDI = 7;

    static final Family FAMILY = in -> isMalformed(in) ? new Refused(in) : new MaskedMove(in);

    private final int kind;
    private final int form;

    private MaskedMove(Instruction in) {
        super(in);
        kind = in.encoding.kind;
        form = form(in);
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("NP 0F F7 reg", "MASKMOVQ Pq,Nq", MASKMOVQ);
        rows.one("66 0F F7 reg", "MASKMOVDQU Vdq,Udq", MASKMOVDQU);
        rows.one("VEX.L0 66 0F F7 reg", "VMASKMOVDQU Vdq,Udq", MASKMOVDQU);
        rows.one("VEX.W0 66 0F38 2C mem", "VMASKMOVPS Vx,Hx,Wx", LOAD);
        rows.one("VEX.W0 66 0F38 2D mem", "VMASKMOVPD Vx,Hx,Wx", LOAD | QWORDS);
        rows.one("VEX.W0 66 0F38 2E mem", "VMASKMOVPS Wx,Hx,Vx", STORE);
        rows.one("VEX.W0 66 0F38 2F mem", "VMASKMOVPD Wx,Hx,Vx", STORE | QWORDS);
        rows.one("VEX.W0 66 0F38 8C mem", "VPMASKMOVD Vx,Hx,Wx", LOAD);
        rows.one("VEX.W1 66 0F38 8C mem", "VPMASKMOVQ Vx,Hx,Wx", LOAD | QWORDS);
        rows.one("VEX.W0 66 0F38 8E mem", "VPMASKMOVD Wx,Hx,Vx", STORE);
        rows.one("VEX.W1 66 0F38 8E mem", "VPMASKMOVQ Wx,Hx,Vx", STORE | QWORDS);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        switch (kind) {
            case MASKMOVQ, MASKMOVDQU -> storeBytes(cpu);
            case LOAD, LOAD | QWORDS -> load(cpu);
            default -> store(cpu);
        }
    }

    /** Linear address of {@code size} bytes, {@code skip} bytes behind {@code offset}. */
    private long at(Cpu cpu, long offset, int skip, int size, boolean write) {
        long wrapped = switch (in.addressSize) {
            case 8 -> offset + skip;
            case 4 -> offset + skip & 0xffff_ffffL;
            default -> offset + skip & 0xffff;
        };
        return cpu.linear(segment, wrapped, size, write, in.is64());
    }

    private void storeBytes(Cpu cpu) {
        int bytes = kind == MASKMOVQ ? 8 : 16;
        long offset = cpu.r64(RDI);
        int selected = PackedBytes.signMask(cpu.field(second));
        if (bytes == 16) {
            selected |= PackedBytes.signMask(cpu.field(second + 8)) << 8;
        }
        for (int i = 0; i < bytes; i++) {
            if ((selected >>> i & 1) != 0) {
                cpu.probeWrite(at(cpu, offset, i, 1, true), 1);
            }
        }
        for (int i = 0; i < bytes; i++) {
            if ((selected >>> i & 1) != 0) {
                int value = (int) (cpu.field(destination + (i & 8)) >>> (i & 7) * 8);
                cpu.write8(at(cpu, offset, i, 1, true), value);
            }
        }
        if (form == MMX) {
            X87Unit.enterMmx(cpu);
        }
    }

    private int elementSize() {
        return (kind & QWORDS) != 0 ? 8 : 4;
    }

    private int elements() {
        return (form == VEX256 ? 32 : 16) / elementSize();
    }

    private boolean selected(Cpu cpu, int element) {
        int at = element * elementSize();
        long mask = cpu.field(first + (at & ~7));
        return (at & 4) == 0 && elementSize() == 4 ? (int) mask < 0 : mask < 0;
    }

    private void load(Cpu cpu) {
        long offset = offset(cpu);
        int size = elementSize();
        long[] result = cpu.wide;
        java.util.Arrays.fill(result, 0);
        for (int i = 0; i < elements(); i++) {
            if (selected(cpu, i)) {
                long value = cpu.read(at(cpu, offset, i * size, size, false), size);
                result[i * size >>> 3] |= value << (i * size & 7) * 8;
            }
        }
        for (int i = 0; i < 4; i++) {
            cpu.field(destination + i * 8, result[i]);
        }
    }

    private void store(Cpu cpu) {
        long offset = offset(cpu);
        int size = elementSize();
        for (int i = 0; i < elements(); i++) {
            if (selected(cpu, i)) {
                cpu.probeWrite(at(cpu, offset, i * size, size, true), size);
            }
        }
        for (int i = 0; i < elements(); i++) {
            if (selected(cpu, i)) {
                long value = cpu.field(destination + (i * size & ~7)) >>> (i * size & 7) * 8;
                cpu.write(at(cpu, offset, i * size, size, true), size, value);
            }
        }
    }
}
