package portcullis.hypervisor.registers;

import portcullis.engine.ExitDetails;
import portcullis.hypervisor.hyperv.SyntheticMsrs;
import portcullis.tlfs.HvMsr;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;

/** Registers that are synthetic MSRs, too: partition, SynIC, timers. Privileges are those of the MSRs. */
final class SyntheticRegisters implements RegisterGroup {
    private static final int NONE = 0;

    private final SyntheticMsrs msrs;
    private final ExitDetails details = new ExitDetails();

    SyntheticRegisters(SyntheticMsrs msrs) {
        this.msrs = msrs;
    }

    private static int number(HvRegister name) {
        int low = name.code() & 0xffff;
        return switch (name.code() >>> 16) {
            case 0x0a -> low <= 0xf ? HvMsr.SINT0 + low : synic(name);
            case 0x0b -> low < 2 * HvMsr.STIMER_COUNT ? HvMsr.STIMER0_CONFIG + low : NONE;
            default ->
                switch (name) {
                    case GUEST_CRASH_P0, GUEST_CRASH_P1, GUEST_CRASH_P2, GUEST_CRASH_P3, GUEST_CRASH_P4 ->
                        HvMsr.CRASH_P0 + name.ordinal() - HvRegister.GUEST_CRASH_P0.ordinal();
                    case GUEST_CRASH_CTL -> HvMsr.CRASH_CTL;
                    case PROCESSOR_CLOCK_FREQUENCY -> HvMsr.TSC_FREQUENCY;
                    case INTERRUPT_CLOCK_FREQUENCY -> HvMsr.APIC_FREQUENCY;
                    case VP_RUNTIME -> HvMsr.VP_RUNTIME;
                    case HYPERCALL -> HvMsr.HYPERCALL;
                    case GUEST_OS_ID -> HvMsr.GUEST_OS_ID;
                    case VP_INDEX -> HvMsr.VP_INDEX;
                    case TIME_REF_COUNT -> HvMsr.TIME_REF_COUNT;
                    case SYNTHETIC_EOI -> HvMsr.EOI;
                    case SYNTHETIC_ICR -> HvMsr.ICR;
                    case SYNTHETIC_TPR -> HvMsr.TPR;
                    case VP_ASSIST_PAGE -> HvMsr.VP_ASSIST_PAGE;
                    case REFERENCE_TSC -> HvMsr.REFERENCE_TSC;
                    default -> NONE;
                };
        };
    }

    private static int synic(HvRegister name) {
        return switch (name) {
            case SCONTROL -> HvMsr.SCONTROL;
            case SVERSION -> HvMsr.SVERSION;
            case SIFP -> HvMsr.SIEFP;
            case SIPP -> HvMsr.SIMP;
            case EOM -> HvMsr.EOM;
            case SIRBP -> HvMsr.SIRBP;
            default -> NONE;
        };
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        details.msr = number(name);
        if (details.msr == NONE) {
            return HvStatus.INVALID_PARAMETER;
        }
        msrs.read(details);
        into.set(details.value);
        return details.fault ? HvStatus.INVALID_PARAMETER : HvStatus.SUCCESS;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        int number = number(name);
        if (number == NONE || !msrs.canWrite(number)) {
            return HvStatus.INVALID_PARAMETER;
        }
        return value.high == 0 && msrs.write(number, value.low) ? HvStatus.SUCCESS : HvStatus.INVALID_REGISTER_VALUE;
    }
}
