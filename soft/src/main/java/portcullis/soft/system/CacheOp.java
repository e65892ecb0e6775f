package portcullis.soft.system;

import java.lang.invoke.VarHandle;
import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Op;
import portcullis.soft.decode.Encoding;
import portcullis.soft.decode.Family;
import portcullis.soft.decode.Instruction;
import portcullis.soft.decode.OpcodeTable;
import portcullis.soft.model.Feature;

/**
 * Instructions for caches and memory order, and those that do nothing: fences, CLFLUSH, prefetches, INVD, NOPs, PAUSE
 * (SDM volume 2). Guest memory is coherent, so cache control only checks what it must.
 */
final class CacheOp extends Op {
    private static final int NOTHING = 0;
    private static final int MFENCE = 1;
    private static final int FENCE = 2;
    private static final int INVD = 3;
    private static final int CLFLUSH = 4;
    private static final int CLFLUSHOPT = 5;
    private static final int CLWB = 6;
    private static final int PAUSE = 7;
    private static final int UD2 = 8;

    private static final Family FAMILY = CacheOp::new;

    private final int kind;

    private CacheOp(Instruction in) {
        super(in);
        kind = in.encoding.kind;
    }

    static void register(OpcodeTable table) {
        table.add("F3 90", "PAUSE", FAMILY, PAUSE, Encoding.END);
        table.add("0F 0B", "UD2", FAMILY, UD2, Encoding.END);
        table.add("0F 08", "INVD", FAMILY, INVD);
        table.add("0F 09", "WBINVD", FAMILY, INVD);
        table.add("0F 0D /r", "PREFETCHW Mb", FAMILY, NOTHING);
        table.add("0F 18 /r", "PREFETCH Mb", FAMILY, NOTHING);
        for (int opcode = 0x19; opcode <= 0x1f; opcode++) {
            table.add(
                    "0F " + Integer.toHexString(opcode).toUpperCase(java.util.Locale.ROOT) + " /r",
                    "NOP Ev",
                    FAMILY,
                    NOTHING);
        }
        table.add("NP 0F AE /5 reg", "LFENCE", FAMILY, FENCE);
        table.add("NP 0F AE /6 reg", "MFENCE", FAMILY, MFENCE);
        table.add("NP 0F AE /7 reg", "SFENCE", FAMILY, FENCE);
        table.add("NP 0F AE /7 mem", "CLFLUSH Mb", FAMILY, CLFLUSH);
        table.add("66 0F AE /7 mem", "CLFLUSHOPT Mb", FAMILY, CLFLUSHOPT);
        table.add("66 0F AE /6 mem", "CLWB Mb", FAMILY, CLWB);
    }

    @Override
    public void execute(Cpu cpu) {
        switch (kind) {
            case MFENCE -> {
                require(cpu, Feature.SSE2);
                VarHandle.fullFence();
            }
            case FENCE -> {
                // Loads are acquires and stores releases already.
                require(cpu, in.reg == 7 ? Feature.SSE : Feature.SSE2);
            }
            case INVD -> ControlOp.requirePrivilege(cpu);
            case CLFLUSH -> line(cpu, Feature.CLFLUSH);
            case CLFLUSHOPT -> line(cpu, Feature.CLFLUSHOPT);
            case CLWB -> line(cpu, Feature.CLWB);
            case PAUSE -> {
                cpu.pauses++;
                cpu.spins();
            }
            case UD2 -> throw cpu.fault(Fault.UD);
            default -> {
                // A hint.
            }
        }
    }

    private static void require(Cpu cpu, Feature feature) {
        if (!cpu.model.has(feature)) {
            throw cpu.fault(Fault.UD);
        }
    }

    /** Faults as a load of one byte does. */
    private void line(Cpu cpu, Feature feature) {
        require(cpu, feature);
        cpu.probeRead(linear(cpu, 1, false), 1);
    }
}
