package portcullis.soft.system;

import portcullis.soft.cpu.Cpu;
import portcullis.soft.cpu.Fault;
import portcullis.soft.cpu.Registers;
import portcullis.soft.model.Feature;
import portcullis.soft.state.State;

/**
 * RDMSR and WRMSR: which model-specific registers the processor keeps itself and what they accept (SDM volume 4). All others
 * are the outside's: local APIC, TSC deadline, synthetic ones, and #GP for what nobody knows.
 */
public final class ModelSpecific {
    private static final int TSC = 0x10;
    private static final int APIC_BASE = 0x1b;
    private static final int TSC_ADJUST = 0x3b;
    private static final int BIOS_SIGN_ID = 0x8b;
    private static final int MTRRCAP = 0xfe;
    private static final int ARCH_CAPABILITIES = 0x10a;
    private static final int SYSENTER_CS = 0x174;
    private static final int SYSENTER_ESP = 0x175;
    private static final int SYSENTER_EIP = 0x176;
    private static final int MCG_CAP = 0x179;
    private static final int MCG_STATUS = 0x17a;
    private static final int MISC_ENABLE = 0x1a0;
    private static final int MTRR_PHYSBASE0 = 0x200;
    private static final int MTRR_FIX64K = 0x250;
    private static final int MTRR_FIX16K = 0x258;
    private static final int MTRR_FIX4K = 0x268;
    private static final int PAT = 0x277;
    private static final int MTRR_DEF_TYPE = 0x2ff;
    private static final int EFER = 0xc0000080;
    private static final int STAR = 0xc0000081;
    private static final int LSTAR = 0xc0000082;
    private static final int CSTAR = 0xc0000083;
    private static final int FMASK = 0xc0000084;
    private static final int FS_BASE = 0xc0000100;
    private static final int GS_BASE = 0xc0000101;
    private static final int KERNEL_GS_BASE = 0xc0000102;
    private static final int TSC_AUX = 0xc0000103;

    private static final int AMD_EVENT_SELECT0 = 0xc0010000;
    private static final int AMD_COUNTER3 = 0xc0010007;
    private static final int AMD_SYSCFG = 0xc0010010;
    private static final int AMD_HWCR = 0xc0010015;
    private static final int AMD_NB_CFG = 0xc001001f;
    /** HWCR: the time-stamp counter runs at the P0 frequency. */
    private static final long HWCR_TSC_FREQUENCY = 1 << 24;

    private static final int VARIABLE_MTRRS = 8;

    /**
     * IA32_ARCH_CAPABILITIES: this processor does not speculate. RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO,
     * IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO (SDM volume 4, table 2-2).
     */
    private static final long NOT_AFFECTED = 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14
            | 1 << 15 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1L << 62;

    private ModelSpecific() {}

    /** The time-stamp counter as the guest sees it. */
    public static long timeStamp(Cpu cpu) {
        return cpu.clock.ticks() + cpu.msrs.tscOffset;
    }

    /** RDMSR. */
    public static long read(Cpu cpu, int number) {
        return keeps(cpu, number) ? value(cpu, number) : cpu.outsideMsrRead(number);
    }

    /** WRMSR. */
    public static void write(Cpu cpu, int number, long value) {
        if (!keeps(cpu, number)) {
            cpu.outsideMsrWrite(number, value);
            return;
        }
        if (!acceptable(cpu, number, value)) {
            throw cpu.fault(Fault.GP, 0);
        }
        store(cpu, number, value);
    }

    /** What a register holds, or, where others keep it, something that differs from {@code value} in every bit. */
    static long before(Cpu cpu, int number, long value) {
        return keeps(cpu, number) ? value(cpu, number) : ~value;
    }

    /** @throws IllegalArgumentException for a register that the processor does not keep */
    public static long kept(Cpu cpu, int number) {
        if (!keeps(cpu, number)) {
            throw new IllegalArgumentException("MSR 0x%x is not the engine's".formatted(number));
        }
        return value(cpu, number);
    }

    /** @throws IllegalArgumentException for a register that the processor does not keep or a value that it refuses */
    public static void keep(Cpu cpu, int number, long value) {
        if (!keeps(cpu, number) || !acceptable(cpu, number, value)) {
            throw new IllegalArgumentException("MSR 0x%x cannot be set to 0x%x".formatted(number, value));
        }
        store(cpu, number, value);
    }

    private static boolean keeps(Cpu cpu, int number) {
        return switch (number) {
            case TSC, BIOS_SIGN_ID, SYSENTER_CS, SYSENTER_ESP, SYSENTER_EIP, MCG_CAP, MCG_STATUS, MISC_ENABLE, PAT ->
                true;
            case TSC_ADJUST -> cpu.model.has(Feature.TSC_ADJUST);
            case ARCH_CAPABILITIES -> cpu.model.has(Feature.ARCH_CAPABILITIES);
            case MTRRCAP, MTRR_DEF_TYPE, MTRR_FIX64K, MTRR_FIX16K, MTRR_FIX16K + 1 -> cpu.model.has(Feature.MTRR);
            case EFER, STAR, LSTAR, CSTAR, FMASK, FS_BASE, GS_BASE, KERNEL_GS_BASE -> cpu.model.has(Feature.LM);
            case TSC_AUX -> cpu.model.has(Feature.RDTSCP) || cpu.model.has(Feature.RDPID);
            default ->
                isAmdConstant(cpu, number)
                        || cpu.model.has(Feature.MTRR)
                                && (number >= MTRR_PHYSBASE0 && number < MTRR_PHYSBASE0 + 2 * VARIABLE_MTRRS
                                        || number >= MTRR_FIX4K && number < MTRR_FIX4K + 8);
        };
    }

    /**
     * AMD processors have four performance counters and three configuration registers without any CPUID bit. Here they read as
     * switched off and drop what is written, as under other hypervisors without counters.
     */
    private static boolean isAmdConstant(Cpu cpu, int number) {
        return !cpu.model.isIntel()
                && (number >= AMD_EVENT_SELECT0 && number <= AMD_COUNTER3
                        || number == AMD_SYSCFG
                        || number == AMD_HWCR
                        || number == AMD_NB_CFG);
    }

    private static int fixedIndex(int number) {
        return switch (number) {
            case MTRR_FIX64K -> 0;
            case MTRR_FIX16K, MTRR_FIX16K + 1 -> number - MTRR_FIX16K + 1;
            default -> number - MTRR_FIX4K + 3;
        };
    }

    private static long value(Cpu cpu, int number) {
        MsrFile msrs = cpu.msrs;
        SharedMsrs shared = cpu.sharedMsrs;
        if (isAmdConstant(cpu, number)) {
            return number == AMD_HWCR ? HWCR_TSC_FREQUENCY : 0;
        }
        return switch (number) {
            case TSC -> timeStamp(cpu);
            case TSC_ADJUST -> msrs.tscAdjust;
            case BIOS_SIGN_ID -> 1L << 32;
            case MTRRCAP -> VARIABLE_MTRRS | 1 << 8 | 1 << 10;
            case SYSENTER_CS -> msrs.sysenterCs;
            case SYSENTER_ESP -> msrs.sysenterEsp;
            case SYSENTER_EIP -> msrs.sysenterEip;
            case ARCH_CAPABILITIES -> NOT_AFFECTED;
            case MCG_CAP -> 0;
            case MCG_STATUS -> shared.mcgStatus;
            case MISC_ENABLE -> shared.miscEnable;
            case PAT -> msrs.pat;
            case MTRR_DEF_TYPE -> shared.mtrrDefaultType;
            case EFER -> cpu.efer();
            case STAR -> msrs.star;
            case LSTAR -> msrs.lstar;
            case CSTAR -> msrs.cstar;
            case FMASK -> msrs.fmask;
            case FS_BASE -> cpu.segmentBase(Registers.FS);
            case GS_BASE -> cpu.segmentBase(Registers.GS);
            case KERNEL_GS_BASE -> msrs.kernelGsBase;
            case TSC_AUX -> msrs.tscAux;
            default ->
                number >= MTRR_FIX64K
                        ? shared.mtrrFixed[fixedIndex(number)]
                        : shared.mtrrVariable[number - MTRR_PHYSBASE0];
        };
    }

    private static boolean acceptable(Cpu cpu, int number, long value) {
        if (isAmdConstant(cpu, number)) {
            return true;
        }
        return switch (number) {
            case MTRRCAP, MCG_CAP, ARCH_CAPABILITIES -> false;
            case LSTAR, CSTAR, FS_BASE, GS_BASE, KERNEL_GS_BASE, SYSENTER_ESP, SYSENTER_EIP ->
                cpu.model.canonicalAtWidest(value);
            case FMASK, TSC_AUX -> value >>> 32 == 0;
            case PAT -> memoryTypes(value, true);
            case MTRR_DEF_TYPE -> (value & ~0xcffL) == 0 && memoryType((int) value & 0xff, false);
            case EFER ->
                (value & ~cpu.model.eferAllowed()) == 0
                        && (((cpu.efer() ^ value) & Cpu.EFER_LME) == 0 || (cpu.cr0() & 1L << 31) == 0);
            default -> {
                if (number >= MTRR_FIX64K && number < MTRR_FIX4K + 8) {
                    yield memoryTypes(value, false);
                }
                if (number >= MTRR_PHYSBASE0 && number < MTRR_PHYSBASE0 + 2 * VARIABLE_MTRRS) {
                    boolean mask = (number & 1) != 0;
                    boolean inRange = value >>> cpu.model.physicalBits() == 0;
                    yield inRange
                            && (mask
                                    ? (value & 0x7ff) == 0
                                    : (value & 0xf00) == 0 && memoryType((int) value & 0xff, false));
                }
                yield true;
            }
        };
    }

    private static boolean memoryType(int type, boolean pat) {
        return type <= 6 && type != 2 && type != 3 || pat && type == 7;
    }

    private static boolean memoryTypes(long eight, boolean pat) {
        for (int i = 0; i < 8; i++) {
            if (!memoryType((int) (eight >>> i * 8) & 0xff, pat)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a write of this register moves the time-stamp counter. */
    static boolean movesTimeStamp(int number) {
        return number == TSC || number == TSC_ADJUST;
    }

    private static void store(Cpu cpu, int number, long value) {
        if (isAmdConstant(cpu, number)) {
            return;
        }
        MsrFile msrs = cpu.msrs;
        SharedMsrs shared = cpu.sharedMsrs;
        switch (number) {
            case TSC -> {
                long offset = value - cpu.clock.ticks();
                msrs.tscAdjust += offset - msrs.tscOffset;
                msrs.tscOffset = offset;
            }
            case TSC_ADJUST -> {
                msrs.tscOffset += value - msrs.tscAdjust;
                msrs.tscAdjust = value;
            }
            case BIOS_SIGN_ID -> {
                // Cleared before CPUID asks for the microcode revision, which is always the same.
            }
            case SYSENTER_CS -> msrs.sysenterCs = value & 0xffffffffL;
            case SYSENTER_ESP -> msrs.sysenterEsp = value;
            case SYSENTER_EIP -> msrs.sysenterEip = value;
            case MCG_STATUS -> shared.mcgStatus = value;
            case MISC_ENABLE -> shared.miscEnable = value;
            case PAT -> msrs.pat = value;
            case MTRR_DEF_TYPE -> shared.mtrrDefaultType = value;
            case EFER -> cpu.writeEfer(value);
            case STAR -> msrs.star = value;
            case LSTAR -> msrs.lstar = value;
            case CSTAR -> msrs.cstar = value;
            case FMASK -> msrs.fmask = value;
            case FS_BASE -> cpu.field(State.SEGMENT_BASE + Registers.FS * 8, value);
            case GS_BASE -> cpu.field(State.SEGMENT_BASE + Registers.GS * 8, value);
            case KERNEL_GS_BASE -> msrs.kernelGsBase = value;
            case TSC_AUX -> msrs.tscAux = value;
            default -> {
                if (number >= MTRR_FIX64K) {
                    shared.mtrrFixed[fixedIndex(number)] = value;
                } else {
                    shared.mtrrVariable[number - MTRR_PHYSBASE0] = value;
                }
            }
        }
    }
}
