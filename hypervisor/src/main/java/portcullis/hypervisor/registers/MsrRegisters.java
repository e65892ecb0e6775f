package portcullis.hypervisor.registers;

import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** Registers that are the architecture's MSRs. */
final class MsrRegisters implements RegisterGroup {
    private static final int NONE = -1;

    private final VirtualCpu cpu;
    private final VtlContext context;

    MsrRegisters(VirtualCpu cpu, VtlContext context) {
        this.cpu = cpu;
        this.context = context;
    }

    private static int number(HvRegister name) {
        return switch (name) {
            case TSC -> 0x10;
            case TSC_ADJUST -> 0x3b;
            case PAT -> 0x277;
            case SYSENTER_CS -> 0x174;
            case SYSENTER_ESP -> 0x175;
            case SYSENTER_EIP -> 0x176;
            case KERNEL_GS_BASE -> 0xc0000102;
            case STAR -> 0xc0000081;
            case LSTAR -> 0xc0000082;
            case CSTAR -> 0xc0000083;
            case SFMASK -> 0xc0000084;
            case TSC_AUX -> 0xc0000103;
            case IA32_MISC_ENABLE -> 0x1a0;
            case MTRR_CAP -> 0xfe;
            case MTRR_DEF_TYPE -> 0x2ff;
            case MTRR_FIX64K00000 -> 0x250;
            case MTRR_FIX16K80000 -> 0x258;
            case MTRR_FIX16K_A0000 -> 0x259;
            default -> table(name);
        };
    }

    /** MTRRs in a row. */
    private static int table(HvRegister name) {
        int first = name.ordinal();
        if (first >= HvRegister.MTRR_PHYS_BASE0.ordinal() && first <= HvRegister.MTRR_PHYS_BASE7.ordinal()) {
            return 0x200 + 2 * (first - HvRegister.MTRR_PHYS_BASE0.ordinal());
        }
        if (first >= HvRegister.MTRR_PHYS_MASK0.ordinal() && first <= HvRegister.MTRR_PHYS_MASK7.ordinal()) {
            return 0x201 + 2 * (first - HvRegister.MTRR_PHYS_MASK0.ordinal());
        }
        if (first >= HvRegister.MTRR_FIX4K_C0000.ordinal() && first <= HvRegister.MTRR_FIX4K_F8000.ordinal()) {
            return 0x268 + first - HvRegister.MTRR_FIX4K_C0000.ordinal();
        }
        return NONE;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        switch (name) {
            case APIC_BASE -> into.set(context.apic().base());
            case INITIAL_APIC_ID -> into.set(context.apic().id());
            default -> {
                int number = number(name);
                if (number == NONE) {
                    return HvStatus.INVALID_PARAMETER;
                }
                try {
                    into.set(cpu.msr(number));
                } catch (IllegalArgumentException absent) {
                    return HvStatus.INVALID_PARAMETER;
                }
            }
        }
        return HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        if (value.high != 0) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        if (name == HvRegister.APIC_BASE) {
            if (!context.apic().writeBase(value.low)) {
                return HvStatus.INVALID_REGISTER_VALUE;
            }
            cpu.setApicBase(context.apic().base());
            return HvStatus.SUCCESS;
        }
        int number = number(name);
        if (number == NONE || name == HvRegister.MTRR_CAP) {
            return HvStatus.INVALID_PARAMETER;
        }
        try {
            cpu.msr(number);
        } catch (IllegalArgumentException absent) {
            return HvStatus.INVALID_PARAMETER;
        }
        try {
            cpu.setMsr(number, value.low);
        } catch (IllegalArgumentException refused) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        return HvStatus.SUCCESS;
    }
}
