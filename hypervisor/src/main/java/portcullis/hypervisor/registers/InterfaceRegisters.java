package portcullis.hypervisor.registers;

import java.util.List;
import portcullis.engine.CpuidLeaf;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** Registers that say what CPUID 0x40000002 on says. */
final class InterfaceRegisters implements RegisterGroup {
    private final List<CpuidLeaf> leaves;

    InterfaceRegisters(List<CpuidLeaf> leaves) {
        this.leaves = leaves;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        int leaf = switch (name) {
            case HYPERVISOR_VERSION -> 0x40000002;
            case PRIVILEGES_AND_FEATURES_INFO -> 0x40000003;
            case FEATURES_INFO -> 0x40000004;
            case IMPLEMENTATION_LIMITS_INFO -> 0x40000005;
            case HARDWARE_FEATURES_INFO -> 0x40000006;
            case CPU_MANAGEMENT_FEATURES_INFO -> 0x40000007;
            default -> 0;
        };
        if (leaf == 0) {
            return HvStatus.INVALID_PARAMETER;
        }
        into.set(0);
        for (CpuidLeaf given : leaves) {
            if (given.leaf() == leaf) {
                into.low = given.eax() & 0xffff_ffffL | (long) given.ebx() << 32;
                into.high = given.ecx() & 0xffff_ffffL | (long) given.edx() << 32;
            }
        }
        return HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        return HvStatus.INVALID_PARAMETER;
    }
}
