package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.cpu.Registers;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;

/** Counters and random numbers: RDTSC, RDTSCP, RDPMC, RDPID, RDRAND, RDSEED (SDM volume 2). */
final class TimeOp extends Op {
    private static final int RDTSC = 0;
    private static final int RDTSCP = 1;
    private static final int RDPMC = 2;
    private static final int RDPID = 3;
    private static final int RDRAND = 4;
    private static final int RDSEED = 5;

    private static final Family FAMILY = TimeOp::new;

    private final int kind;

    private TimeOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("0F 31", "RDTSC", FAMILY, RDTSC);
        table.add("0F 01 =F9", "RDTSCP", FAMILY, RDTSCP);
        table.add("0F 33", "RDPMC", FAMILY, RDPMC);
        table.add("F3 0F C7 /7 reg", "RDPID Ev", FAMILY, RDPID);
        for (String prefix : new String[] {"NP", "66"}) {
            table.add(prefix + " 0F C7 /6 reg", "RDRAND Ev", FAMILY, RDRAND);
            table.add(prefix + " 0F C7 /7 reg", "RDSEED Ev", FAMILY, RDSEED);
        }
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case RDTSC -> {
                require(cpu, Feature.TSC);
                timeStamp(cpu);
            }
            case RDTSCP -> {
                require(cpu, Feature.RDTSCP);
                timeStamp(cpu);
                cpu.r32(Registers.RCX, cpu.msrs.tscAux);
            }
            case RDPMC -> {
                // No counter is there, so whoever may execute it names a wrong one.
                throw cpu.fault(Fault.GP, 0);
            }
            case RDPID -> {
                require(cpu, Feature.RDPID);
                cpu.reg(in.rm * 8, in.is64() ? 8 : 4, cpu.msrs.tscAux);
            }
            case RDRAND -> random(cpu, Feature.RDRAND);
            default -> random(cpu, Feature.RDSEED);
        }
    }

    private static void require(Cpu cpu, Feature feature) {
        if (!cpu.model.has(feature)) {
            throw cpu.fault(Fault.UD);
        }
    }

    private static void timeStamp(Cpu cpu) {
        if ((cpu.cr4() & Cpu.CR4_TSD) != 0 && cpu.cpl() != 0) {
            throw cpu.fault(Fault.GP, 0);
        }
        long value = ModelSpecific.timeStamp(cpu);
        cpu.r32(Registers.RAX, value);
        cpu.r32(Registers.RDX, value >>> 32);
    }

    /** Always succeeds: CF set, the other status flags clear. */
    private void random(Cpu cpu, Feature feature) {
        require(cpu, feature);
        cpu.reg(in.rm * 8, in.operandSize, cpu.random());
        cpu.status(Cpu.CF);
    }
}
