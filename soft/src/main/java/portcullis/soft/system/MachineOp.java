package portcullis.soft.system;

import portcullis.engine.ExitReason;
import portcullis.engine.RegisterIntercepts;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;

/** Model-specific registers, CPUID, HLT, SWAPGS, hypercalls. */
final class MachineOp extends Op {
    private static final int RDMSR = 0;
    private static final int WRMSR = 1;
    private static final int CPUID = 2;
    private static final int HLT = 3;
    private static final int SWAPGS = 4;
    private static final int HYPERCALL = 5;

    private static final Family FAMILY = MachineOp::new;

    private final int kind;

    private MachineOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 32", "RDMSR", FAMILY, RDMSR);
        table.add("0F 30", "WRMSR", FAMILY, WRMSR, Encoding.END);
        table.add("0F A2", "CPUID", FAMILY, CPUID);
        table.add("F4", "HLT", FAMILY, HLT, Encoding.END);
        table.add("0F 01 =F8 o64", "SWAPGS", FAMILY, SWAPGS);
        table.add("NP 0F 01 =C1", "VMCALL", FAMILY, HYPERCALL, Encoding.TRANSFER);
        table.add("NP 0F 01 =D9", "VMMCALL", FAMILY, HYPERCALL, Encoding.TRANSFER);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case RDMSR -> readMsr(cpu);
            case WRMSR -> writeMsr(cpu);
            case CPUID -> identify(cpu);
            case HLT -> {
                ControlOp.requirePrivilege(cpu);
                // A debug trap of this or the last instruction ends the halt at once.
                if (!cpu.isDebugTrapPending()) {
                    throw cpu.leaveAfter(this, ExitReason.HALT);
                }
            }
            case SWAPGS -> swapGs(cpu);
            default -> cpu.stopAt(this, ExitReason.HYPERCALL);
        }
    }

    private static void readMsr(Cpu cpu) {
        requireMsrs(cpu);
        int number = (int) cpu.r32(Registers.RCX);
        cpu.intercepts.readMsr(cpu, number);
        long value = ModelSpecific.read(cpu, number);
        cpu.r32(Registers.RAX, value);
        cpu.r32(Registers.RDX, value >>> 32);
    }

    private void writeMsr(Cpu cpu) {
        requireMsrs(cpu);
        long value = cpu.r32(Registers.RDX) << 32 | cpu.r32(Registers.RAX);
        int number = (int) cpu.r32(Registers.RCX);
        long bits = cpu.intercepts.msrWriteBits(number);
        if (bits != 0 && RegisterIntercepts.intercepts(bits, ModelSpecific.before(cpu, number, value), value)) {
            cpu.intercepts.writeMsr(cpu, number, value);
        }
        ModelSpecific.write(cpu, number, value);
        if (ModelSpecific.movesTimeStamp(number)) {
            throw cpu.leaveAfter(this, ExitReason.TIME_STAMP);
        }
    }

    private static void requireMsrs(Cpu cpu) {
        if (!cpu.model.has(Feature.MSR)) {
            throw cpu.fault(Fault.UD);
        }
        ControlOp.requirePrivilege(cpu);
    }

    private static void identify(Cpu cpu) {
        int[] out = new int[4];
        cpu.model.cpuid(cpu, (int) cpu.r32(Registers.RAX), (int) cpu.r32(Registers.RCX), out);
        cpu.r32(Registers.RAX, out[0]);
        cpu.r32(Registers.RBX, out[1]);
        cpu.r32(Registers.RCX, out[2]);
        cpu.r32(Registers.RDX, out[3]);
    }

    private static void swapGs(Cpu cpu) {
        ControlOp.requirePrivilege(cpu);
        int field = State.SEGMENT_BASE + Registers.GS * 8;
        long base = cpu.field(field);
        cpu.field(field, cpu.msrs.kernelGsBase);
        cpu.msrs.kernelGsBase = base;
    }
}
