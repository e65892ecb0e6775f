package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Flags;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.mmu.PageWalker;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;

/** What guards memory beside page tables: STAC, CLAC, RDPKRU, WRPKRU, INVPCID, and the bases of FS and GS (SDM volume 2). */
final class RightsOp extends Op {
    private static final int STAC = 0;
    private static final int CLAC = 1;
    private static final int RDPKRU = 2;
    private static final int WRPKRU = 3;
    private static final int INVPCID = 4;
    private static final int READ_BASE = 5;
    private static final int WRITE_BASE = 6;

    private static final Family FAMILY = RightsOp::new;

    private final int kind;

    private RightsOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("NP 0F 01 =CA", "CLAC", FAMILY, CLAC);
        table.add("NP 0F 01 =CB", "STAC", FAMILY, STAC);
        table.add("NP 0F 01 =EE", "RDPKRU", FAMILY, RDPKRU);
        table.add("NP 0F 01 =EF", "WRPKRU", FAMILY, WRPKRU);
        table.add("66 0F38 82 /r mem", "INVPCID Gy,M", FAMILY, INVPCID, Encoding.END);
        table.add("F3 0F AE /0 reg o64", "RDFSBASE Ey", FAMILY, READ_BASE);
        table.add("F3 0F AE /1 reg o64", "RDGSBASE Ey", FAMILY, READ_BASE);
        table.add("F3 0F AE /2 reg o64", "WRFSBASE Ey", FAMILY, WRITE_BASE);
        table.add("F3 0F AE /3 reg o64", "WRGSBASE Ey", FAMILY, WRITE_BASE);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case STAC -> access(cpu, Flags.AC);
            case CLAC -> access(cpu, 0);
            case RDPKRU -> readKeys(cpu);
            case WRPKRU -> writeKeys(cpu);
            case INVPCID -> invalidate(cpu);
            default -> base(cpu);
        }
    }

    private static void access(Cpu cpu, long flag) {
        if (!cpu.model.has(Feature.SMAP) || cpu.cpl() != 0) {
            throw cpu.fault(Fault.UD);
        }
        cpu.rflags(cpu.rflags() & ~Flags.AC | flag);
    }

    private static void requireKeys(Cpu cpu) {
        if ((cpu.cr4() & PageWalker.CR4_PKE) == 0) {
            throw cpu.fault(Fault.UD);
        }
        if (cpu.r32(Registers.RCX) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    private static void readKeys(Cpu cpu) {
        requireKeys(cpu);
        cpu.r32(Registers.RAX, cpu.field32(State.PKRU));
        cpu.r32(Registers.RDX, 0);
    }

    private static void writeKeys(Cpu cpu) {
        requireKeys(cpu);
        if (cpu.r32(Registers.RDX) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.writePkru((int) cpu.r32(Registers.RAX));
    }

    private void invalidate(Cpu cpu) {
        if (!cpu.model.has(Feature.INVPCID)) {
            throw cpu.fault(Fault.UD);
        }
        ControlOp.requirePrivilege(cpu);
        long type = cpu.reg(in.reg * 8, in.is64() ? 8 : 4);
        long address = linear(cpu, 16, false);
        long space = cpu.read64(address);
        long target = cpu.read64(address + 8);
        boolean one = type <= 1;
        boolean bad = type < 0
                || type > 3
                || space >>> 12 != 0
                || one && space != 0 && (cpu.cr4() & PageWalker.CR4_PCIDE) == 0
                || type == 0 && !cpu.model.canonicalAtWidest(target);
        if (bad) {
            throw cpu.fault(Fault.GP, 0);
        }
        if (type != 0 || cpu.canonical(target)) {
            cpu.invalidatePcid((int) type, (int) space, target);
        }
    }

    private void base(Cpu cpu) {
        if ((cpu.cr4() & Cpu.CR4_FSGSBASE) == 0) {
            throw cpu.fault(Fault.UD);
        }
        int segment = (in.reg & 1) == 0 ? Registers.FS : Registers.GS;
        int size = in.w ? 8 : 4;
        if (kind == READ_BASE) {
            cpu.reg(in.rm * 8, size, cpu.segmentBase(segment));
            return;
        }
        long value = cpu.reg(in.rm * 8, size);
        if (!cpu.model.canonicalAtWidest(value)) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.field(State.SEGMENT_BASE + segment * 8, value);
    }
}
