package portcullis.soft.system;

import portcullis.engine.InterceptedRegister;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;

/** FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XRSTOR, XGETBV and XSETBV (SDM volume 2; volume 1, 13.7 to 13.9). */
final class ExtendedStateOp extends Op {
    private static final int FXSAVE = 0;
    private static final int FXRSTOR = 1;
    private static final int XSAVE = 2;
    private static final int XSAVEOPT = 3;
    private static final int XRSTOR = 4;
    private static final int XGETBV = 5;
    private static final int XSETBV = 6;

    private static final Family FAMILY = ExtendedStateOp::new;
    private static final int LEGACY_SIZE = 512;
    private static final int MXCSR = 24;

    private final int kind;

    private ExtendedStateOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("NP 0F AE /0 mem", "FXSAVE M", FAMILY, FXSAVE);
        table.add("NP 0F AE /1 mem", "FXRSTOR M", FAMILY, FXRSTOR);
        table.add("NP 0F AE /4 mem", "XSAVE M", FAMILY, XSAVE);
        table.add("NP 0F AE /5 mem", "XRSTOR M", FAMILY, XRSTOR);
        table.add("NP 0F AE /6 mem", "XSAVEOPT M", FAMILY, XSAVEOPT);
        table.add("NP 0F 01 =D0", "XGETBV", FAMILY, XGETBV);
        table.add("NP 0F 01 =D1", "XSETBV", FAMILY, XSETBV, Encoding.END);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case FXSAVE -> saveLegacy(cpu);
            case FXRSTOR -> restoreLegacy(cpu);
            case XSAVE, XSAVEOPT -> save(cpu);
            case XRSTOR -> restore(cpu);
            case XGETBV -> readControl(cpu);
            default -> writeControl(cpu);
        }
    }

    /** Outside 64-bit mode only the first eight vector registers are there. */
    private int registers() {
        return in.is64() ? 16 : 8;
    }

    private long area(Cpu cpu, int size, int alignment, boolean write) {
        long address = linear(cpu, size, write);
        if ((address & alignment - 1) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        return address;
    }

    /** An area is smaller than a page: its ends tell whether any of it faults. */
    private static void probe(Cpu cpu, long address, int size, boolean write) {
        if (write) {
            cpu.probeWrite(address, 1);
            cpu.probeWrite(address + size - 1, 1);
        } else {
            cpu.probeRead(address, 1);
            cpu.probeRead(address + size - 1, 1);
        }
    }

    // ---- FXSAVE, FXRSTOR ---------------------------------------------------------------------------------------

    private long legacyArea(Cpu cpu, boolean write) {
        if (!cpu.model.has(Feature.FXSR)) {
            throw cpu.fault(Fault.UD);
        }
        if ((cpu.cr0() & (Cpu.CR0_EM | Cpu.CR0_TS)) != 0) {
            throw cpu.fault(Fault.NM);
        }
        long address = area(cpu, LEGACY_SIZE, 16, write);
        probe(cpu, address, LEGACY_SIZE, write);
        return address;
    }

    private void saveLegacy(Cpu cpu) {
        long address = legacyArea(cpu, true);
        XsaveArea.saveLegacy(cpu, new StateImage.Guest(cpu, address), in.w, registers());
    }

    private void restoreLegacy(Cpu cpu) {
        long address = legacyArea(cpu, false);
        checkMxcsr(cpu, address);
        StateImage from = new StateImage.Guest(cpu, address);
        long both = XsaveArea.X87 | XsaveArea.SSE;
        XsaveArea.restore(cpu, from, both, both, in.w, registers());
    }

    private static void checkMxcsr(Cpu cpu, long address) {
        if ((cpu.read32(address + MXCSR) & ~XsaveArea.MXCSR_BITS) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
    }

    // ---- XSAVE, XRSTOR -----------------------------------------------------------------------------------------

    private static void requireXsave(Cpu cpu) {
        if (!cpu.model.has(Feature.XSAVE) || (cpu.cr4() & Cpu.CR4_OSXSAVE) == 0) {
            throw cpu.fault(Fault.UD);
        }
    }

    private long requested(Cpu cpu) {
        requireXsave(cpu);
        if ((cpu.cr0() & Cpu.CR0_TS) != 0) {
            throw cpu.fault(Fault.NM);
        }
        long mask = cpu.r32(Registers.RDX) << 32 | cpu.r32(Registers.RAX);
        return mask & cpu.field(State.XCR0);
    }

    private void save(Cpu cpu) {
        long mask = requested(cpu);
        int size = Math.max(CpuModel.xsaveSize(mask), CpuModel.XSAVE_AVX_OFFSET);
        long address = area(cpu, size, 64, true);
        probe(cpu, address, size, true);
        long used = XsaveArea.inUse(cpu, mask);
        long present = cpu.read64(address + XsaveArea.HEADER);
        XsaveArea.save(
                cpu, new StateImage.Guest(cpu, address), kind == XSAVEOPT ? mask & used : mask, in.w, registers());
        if (kind == XSAVEOPT && (mask & (XsaveArea.SSE | XsaveArea.AVX)) != 0) {
            // MXCSR goes with the request, not with what is in use.
            cpu.write32(address + MXCSR, cpu.field32(State.MXCSR));
            cpu.write32(address + MXCSR + 4, XsaveArea.MXCSR_BITS);
        }
        cpu.write64(address + XsaveArea.HEADER, present & ~mask | used);
    }

    private void restore(Cpu cpu) {
        long mask = requested(cpu);
        int size = Math.max(CpuModel.xsaveSize(mask), CpuModel.XSAVE_AVX_OFFSET);
        long address = area(cpu, size, 64, false);
        probe(cpu, address, size, false);
        long header = address + XsaveArea.HEADER;
        long present = cpu.read64(header);
        boolean acceptable =
                (present & ~cpu.field(State.XCR0)) == 0 && (cpu.read64(header + 8) | cpu.read64(header + 16)) == 0;
        if (!acceptable) {
            throw cpu.fault(Fault.GP, 0);
        }
        if ((mask & (XsaveArea.SSE | XsaveArea.AVX)) != 0) {
            checkMxcsr(cpu, address);
        }
        XsaveArea.restore(cpu, new StateImage.Guest(cpu, address), mask, present, in.w, registers());
    }

    // ---- XCR0 --------------------------------------------------------------------------------------------------

    private static void readControl(Cpu cpu) {
        requireXsave(cpu);
        if (cpu.r32(Registers.RCX) != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        long value = cpu.field(State.XCR0);
        cpu.r32(Registers.RAX, value);
        cpu.r32(Registers.RDX, value >>> 32);
    }

    private static void writeControl(Cpu cpu) {
        requireXsave(cpu);
        ControlOp.requirePrivilege(cpu);
        long value = cpu.r32(Registers.RDX) << 32 | cpu.r32(Registers.RAX);
        if (cpu.r32(Registers.RCX) == 0) {
            cpu.intercepts.write(cpu, InterceptedRegister.XCR0, value);
        }
        boolean acceptable = cpu.r32(Registers.RCX) == 0
                && (value & XsaveArea.X87) != 0
                && (value & ~cpu.model.xcr0Allowed()) == 0
                && ((value & XsaveArea.AVX) == 0 || (value & XsaveArea.SSE) != 0);
        if (!acceptable) {
            throw cpu.fault(Fault.GP, 0);
        }
        cpu.field(State.XCR0, value);
    }
}
