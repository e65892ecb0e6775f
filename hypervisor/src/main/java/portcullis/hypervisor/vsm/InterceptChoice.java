package portcullis.hypervisor.vsm;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import portcullis.engine.InterceptedRegister;
import portcullis.engine.MsrIntercept;
import portcullis.engine.RegisterIntercepts;
import portcullis.tlfs.register.VsmRegisters.CrInterceptControl;

/**
 * What one trust level intercepts of those below it (TLFS vsm.md, "Secure Register Intercepts").
 *
 * @param control HV_REGISTER_CR_INTERCEPT_CONTROL
 * @param cr0Mask where CR0 writes are intercepted: those that change one of these bits; all ones (as after reset), every write.
 *     The others likewise.
 */
record InterceptChoice(long control, long cr0Mask, long cr4Mask, long miscEnableMask) {
    static final InterceptChoice NONE = new InterceptChoice(0, 0, 0, 0);

    static final int APIC_BASE = 0x1b;
    static final int MISC_ENABLE = 0x1a0;
    static final int EFER = 0xc0000080;

    /** @param read, write bits of the control register */
    private record Msr(int number, long read, long write) {}

    private static final List<Msr> MSRS = List.of(
            new Msr(MISC_ENABLE, CrInterceptControl.IA32_MISC_ENABLE_READ, CrInterceptControl.IA32_MISC_ENABLE_WRITE),
            new Msr(0xc0000082, CrInterceptControl.MSR_LSTAR_READ, CrInterceptControl.MSR_LSTAR_WRITE),
            new Msr(0xc0000081, CrInterceptControl.MSR_STAR_READ, CrInterceptControl.MSR_STAR_WRITE),
            new Msr(0xc0000083, CrInterceptControl.MSR_CSTAR_READ, CrInterceptControl.MSR_CSTAR_WRITE),
            new Msr(APIC_BASE, CrInterceptControl.APIC_BASE_MSR_READ, CrInterceptControl.APIC_BASE_MSR_WRITE),
            new Msr(EFER, CrInterceptControl.MSR_EFER_READ, CrInterceptControl.MSR_EFER_WRITE),
            new Msr(0x174, 0, CrInterceptControl.MSR_SYSENTER_CS_WRITE),
            new Msr(0x175, 0, CrInterceptControl.MSR_SYSENTER_ESP_WRITE),
            new Msr(0x176, 0, CrInterceptControl.MSR_SYSENTER_EIP_WRITE),
            new Msr(0xc0000084, 0, CrInterceptControl.MSR_SFMASK_WRITE),
            new Msr(0xc0000103, 0, CrInterceptControl.MSR_TSC_AUX_WRITE),
            // IA32_SGXLEPUBKEYHASH0 to 3: no processor here has them, and writing them is intercepted before it is #GP.
            new Msr(0x8c, 0, CrInterceptControl.MSR_SGX_LAUNCH_CONTROL_WRITE),
            new Msr(0x8d, 0, CrInterceptControl.MSR_SGX_LAUNCH_CONTROL_WRITE),
            new Msr(0x8e, 0, CrInterceptControl.MSR_SGX_LAUNCH_CONTROL_WRITE),
            new Msr(0x8f, 0, CrInterceptControl.MSR_SGX_LAUNCH_CONTROL_WRITE));

    private boolean has(long bit) {
        return (control & bit) != 0;
    }

    /** As {@link RegisterIntercepts#cr0Bits}. */
    long cr0Bits() {
        return has(CrInterceptControl.CR0_WRITE) ? cr0Mask : 0;
    }

    long cr4Bits() {
        return has(CrInterceptControl.CR4_WRITE) ? cr4Mask : 0;
    }

    /** Whether a write is intercepted whatever the value. */
    boolean writes(InterceptedRegister register) {
        return switch (register) {
            case XCR0 -> has(CrInterceptControl.X_CR0_WRITE);
            case GDTR -> has(CrInterceptControl.GDTR_WRITE);
            case IDTR -> has(CrInterceptControl.IDTR_WRITE);
            case LDTR -> has(CrInterceptControl.LDTR_WRITE);
            case TR -> has(CrInterceptControl.TR_WRITE);
            case CR0, CR4, MSR -> false;
        };
    }

    /** Whether RDMSR is intercepted. */
    boolean readsMsr(int number) {
        return MSRS.stream().anyMatch(msr -> msr.number == number && has(msr.read));
    }

    /** As {@link MsrIntercept#writeBits}. */
    long msrWriteBits(int number) {
        return MSRS.stream()
                .filter(msr -> msr.number == number && has(msr.write))
                .mapToLong(msr -> number == MISC_ENABLE ? miscEnableMask : RegisterIntercepts.EVERY_WRITE)
                .sum();
    }

    /** What an engine must leave for, so that each of several levels is told what it has asked for. */
    static RegisterIntercepts union(List<InterceptChoice> levels) {
        long cr0 = 0;
        long cr4 = 0;
        Set<InterceptedRegister> writes = EnumSet.noneOf(InterceptedRegister.class);
        for (InterceptChoice level : levels) {
            cr0 |= level.cr0Bits();
            cr4 |= level.cr4Bits();
            for (InterceptedRegister register : InterceptedRegister.values()) {
                if (level.writes(register)) {
                    writes.add(register);
                }
            }
        }
        List<MsrIntercept> msrs = new ArrayList<>();
        for (Msr msr : MSRS) {
            boolean read = false;
            long bits = 0;
            for (InterceptChoice level : levels) {
                read |= level.readsMsr(msr.number);
                bits |= level.msrWriteBits(msr.number);
            }
            if (read || bits != 0) {
                msrs.add(new MsrIntercept(msr.number, read, bits));
            }
        }
        return new RegisterIntercepts(cr0, cr4, writes, msrs);
    }
}
