package portcullis.hypervisor.registers;

import portcullis.engine.Register;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VtlContext;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** General, control and debug registers. */
final class CoreRegisters implements RegisterGroup {
    private static final Register[] BY_NAME = new Register[HvRegister.values().length];

    static {
        for (HvRegister name : HvRegister.values()) {
            BY_NAME[name.ordinal()] = switch (name) {
                case XFEM -> Register.XCR0;
                case RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, RIP, RFLAGS ->
                    Register.valueOf(name.name());
                case CR0, CR2, CR3, CR4, CR8, DR0, DR1, DR2, DR3, DR6, DR7, EFER -> Register.valueOf(name.name());
                default -> null;
            };
        }
    }

    private static final long EFER_LMA = 1 << 10;

    private final VirtualCpu cpu;
    private final VtlContext context;

    CoreRegisters(VirtualCpu cpu, VtlContext context) {
        this.cpu = cpu;
        this.context = context;
    }

    static boolean has(HvRegister name) {
        return BY_NAME[name.ordinal()] != null;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        into.set(cpu.get(BY_NAME[name.ordinal()]));
        return HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        Register register = BY_NAME[name.ordinal()];
        if (value.high != 0 || !cpu.accepts(register, value.low)) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        cpu.set(register, value.low);
        if (register == Register.CR8) {
            context.apic().setTaskPriorityClass((int) value.low);
        }
        if (register == Register.CR0) {
            // LMA follows paging (SDM 4.1.1), whatever EFER is written before or after.
            long efer = cpu.get(Register.EFER);
            boolean active = (value.low & 1L << 31) != 0 && (efer & 1 << 8) != 0;
            cpu.set(Register.EFER, active ? efer | EFER_LMA : efer & ~EFER_LMA);
        }
        return HvStatus.SUCCESS;
    }
}
