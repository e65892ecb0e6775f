package portcullis.soft.protect;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;

/** Questions about selectors and bounds: LAR, LSL, VERR, VERW, ARPL, BOUND (SDM volume 2). */
final class DescriptorOp extends Op {
    private static final int LAR = 0;
    private static final int LSL = 1;
    private static final int VERR = 2;
    private static final int VERW = 3;
    private static final int ARPL = 4;
    private static final int BOUND = 5;

    private static final Family FAMILY = DescriptorOp::new;

    /** System types that LAR and LSL know, bit n for type n (SDM tables in LAR and LSL). */
    private static final int LAR_TYPES = 0x1a3e;

    private static final int LAR_TYPES_LONG = 0x1a04;
    private static final int LSL_TYPES = 0x0a0e;
    private static final int LSL_TYPES_LONG = 0x0a04;

    private final int kind;

    private DescriptorOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 02 /r", "LAR Gv,Ew", FAMILY, LAR);
        table.add("0F 03 /r", "LSL Gv,Ew", FAMILY, LSL);
        table.add("0F 00 /4", "VERR Ew", FAMILY, VERR);
        table.add("0F 00 /5", "VERW Ew", FAMILY, VERW);
        table.add("63 /r i64", "ARPL Ew,Gw", FAMILY, ARPL);
        table.add("62 /r i64 mem", "BOUND Gv,M", FAMILY, BOUND);
    }

    @Override
    public void execute(Cpu cpu) {
        if (kind == BOUND) {
            bound(cpu);
            return;
        }
        if (!cpu.isProtected()) {
            throw cpu.fault(Fault.UD);
        }
        if (kind == ARPL) {
            adjust(cpu);
            return;
        }
        int selector = (int) readRm(cpu, 2);
        long raw = visible(cpu, selector);
        boolean accepted = raw != 0 && accepts(cpu, raw);
        if (accepted && kind == LAR) {
            writeReg(cpu, in.operandSize, raw >>> 32 & 0xffff00);
        } else if (accepted && kind == LSL) {
            writeReg(cpu, in.operandSize, Descriptors.limit(raw));
        }
        zeroFlag(cpu, accepted);
    }

    private static void zeroFlag(Cpu cpu, boolean value) {
        cpu.status(cpu.status() & ~Cpu.ZF | (value ? Cpu.ZF : 0));
    }

    /** The descriptor, or 0 where the selector is null, beyond its table, or not accessible from here. */
    private static long visible(Cpu cpu, int selector) {
        if (Descriptors.isNull(selector)) {
            return 0;
        }
        long address = Descriptors.address(cpu, selector, 8);
        if (address == -1) {
            return 0;
        }
        long raw = cpu.readSystem(address, 8);
        boolean allowed = Descriptors.isConforming(raw) || Descriptors.dpl(raw) >= Math.max(cpu.cpl(), selector & 3);
        return allowed ? raw : 0;
    }

    private boolean accepts(Cpu cpu, long raw) {
        int type = Descriptors.type(raw);
        boolean system = (type & 0x10) == 0;
        return switch (kind) {
            case LAR -> !system || ((cpu.isLong() ? LAR_TYPES_LONG : LAR_TYPES) >>> type & 1) != 0;
            case LSL -> !system || ((cpu.isLong() ? LSL_TYPES_LONG : LSL_TYPES) >>> type & 1) != 0;
            case VERR -> (type & 0x18) == 0x10 || (type & 0x1a) == 0x1a;
            default -> Descriptors.isWritableData(raw);
        };
    }

    private void adjust(Cpu cpu) {
        int source = (int) readReg(cpu, 2) & 3;
        if (in.isRegisterForm()) {
            long selector = readRm(cpu, 2);
            boolean raise = (selector & 3) < source;
            if (raise) {
                writeRm(cpu, 2, selector & ~3L | source);
            }
            zeroFlag(cpu, raise);
            return;
        }
        long address = linear(cpu, 2, true);
        cpu.probeWrite(address, 2);
        int selector = cpu.read16(address);
        boolean raise = (selector & 3) < source;
        if (raise) {
            cpu.write16(address, selector & ~3 | source);
        }
        zeroFlag(cpu, raise);
    }

    private void bound(Cpu cpu) {
        int size = in.operandSize;
        long address = linear(cpu, size * 2, false);
        long lower = signed(cpu.read(address, size));
        long upper = signed(cpu.read(address + size, size));
        long index = signed(readReg(cpu, size));
        if (index < lower || index > upper) {
            throw cpu.fault(Fault.BR);
        }
    }

    private long signed(long value) {
        return in.operandSize == 2 ? (short) value : (int) value;
    }
}
