package portcullis.soft.simd;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.simd.packed.PackedQwords;

/** PSLLDQ and PSRLDQ: each 16 bytes shifted by whole bytes. */
final class ByteShift extends VectorOp {
    private static final int LEFT = 0;
    private static final int RIGHT = 1;

    static final Family FAMILY = ByteShift::new;

    private final boolean left;
    private final int form;
    private final int target;

    private ByteShift(Instruction in) {
        super(in);
        left = in.encoding.kind == LEFT;
        form = form(in);
        target = in.encoding.isVex() ? first : second;
    }

    static void register(OpcodeTable table) {
        Rows rows = new Rows(table, FAMILY);
        rows.one("66 0F 73 /3 reg", "PSRLDQ Udq,Ib", RIGHT);
        rows.one("VEX 66 0F 73 /3 reg", "VPSRLDQ Hx,Ux,Ib", RIGHT);
        rows.one("66 0F 73 /7 reg", "PSLLDQ Udq,Ib", LEFT);
        rows.one("VEX 66 0F 73 /7 reg", "VPSLLDQ Hx,Ux,Ib", LEFT);
    }

    @Override
    public void execute(Cpu cpu) {
        require(cpu, form);
        int halves = form == VEX256 ? 2 : 1;
        for (int i = 0; i < halves; i++) {
            long low = cpu.field(second + i * 16);
            long high = cpu.field(second + i * 16 + 8);
            if (left) {
                cpu.field(target + i * 16, PackedQwords.shiftLeft(low, immediate * 8L));
                cpu.field(target + i * 16 + 8, PackedQwords.shiftBytesLeftHigh(low, high, immediate));
            } else {
                cpu.field(target + i * 16, PackedQwords.shiftBytesRightLow(low, high, immediate));
                cpu.field(target + i * 16 + 8, PackedQwords.shiftRight(high, immediate * 8L));
            }
        }
        clearUpper(cpu, target, form);
    }
}
