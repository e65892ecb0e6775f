package portcullis.hypervisor.registers;

import portcullis.engine.PendingEvent;
import portcullis.engine.VirtualCpu;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.VtlContext;
import portcullis.hypervisor.vsm.TrustLevels;
import portcullis.tlfs.HvRegister;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VpStateRegisters.InternalActivity;
import portcullis.tlfs.register.VpStateRegisters.InterruptState;
import portcullis.tlfs.register.VpStateRegisters.PendingInterruption;

/** What a VP has still to take: pending interruption and events, interrupt state, internal activity. */
final class EventRegisters implements RegisterGroup {
    private static final int LAST_EXCEPTION = 31;
    private static final int NMI = 2;

    private final VirtualCpu cpu;
    private final VirtualProcessor vp;
    private final VtlContext context;
    private final TrustLevels levels;

    EventRegisters(VirtualProcessor vp, VtlContext context, TrustLevels levels) {
        this.vp = vp;
        cpu = vp.cpu();
        this.context = context;
        this.levels = levels;
    }

    @Override
    public int read(HvRegister name, RegisterValue into) {
        switch (name) {
            case PENDING_INTERRUPTION -> into.set(pendingInterruption(cpu.pendingEvent()));
            case PENDING_EVENT0 -> into.set(pendingEvent(cpu.pendingEvent()));
            case INTERRUPT_STATE ->
                into.set((cpu.interruptShadow() ? InterruptState.INTERRUPT_SHADOW : 0)
                        | (cpu.nmiBlocked() ? InterruptState.NMI_MASKED : 0));
            case INTERNAL_ACTIVITY_STATE -> into.set(context.activityBits());
            default -> {
                return HvStatus.INVALID_PARAMETER;
            }
        }
        return HvStatus.SUCCESS;
    }

    private static long pendingInterruption(PendingEvent event) {
        if (event == null) {
            return 0;
        }
        int type = event.external() ? PendingInterruption.TYPE_INTERRUPT : PendingInterruption.TYPE_EXCEPTION;
        return PendingInterruption.INTERRUPTION_PENDING
                | (long) type << PendingInterruption.INTERRUPTION_TYPE_SHIFT
                | (event.hasErrorCode() ? PendingInterruption.DELIVER_ERROR_CODE : 0)
                | (long) event.vector() << PendingInterruption.INTERRUPTION_VECTOR_SHIFT
                | (long) event.errorCode() << PendingInterruption.ERROR_CODE_SHIFT;
    }

    private static long pendingEvent(PendingEvent event) {
        if (event == null || event.external()) {
            return 0;
        }
        return portcullis.tlfs.register.VpStateRegisters.PendingEvent.EVENT_PENDING
                | (event.hasErrorCode() ? portcullis.tlfs.register.VpStateRegisters.PendingEvent.DELIVER_ERROR_CODE : 0)
                | (long) event.vector() << portcullis.tlfs.register.VpStateRegisters.PendingEvent.VECTOR_SHIFT
                | (long) event.errorCode() << portcullis.tlfs.register.VpStateRegisters.PendingEvent.ERROR_CODE_SHIFT;
    }

    @Override
    public int write(HvRegister name, RegisterValue value, int caller) {
        if (name != HvRegister.INTERNAL_ACTIVITY_STATE || !startsOrStops(value.low)) {
            return write(name, value);
        }
        int[] status = {HvStatus.ACCESS_DENIED};
        if (mayStop(caller)) {
            levels.whereStartupIsFree(caller, () -> status[0] = write(name, value));
        }
        return status[0];
    }

    /**
     * Whether to write this activity starts the processor, or sends it back to wait for that: no way around a level that denies or
     * watches it (TLFS vsm.md, "DenyLowerVtlStartup", "InterceptVpStartup").
     */
    private boolean startsOrStops(long wanted) {
        return waits() != ((wanted & InternalActivity.STARTUP_SUSPEND) != 0);
    }

    private boolean waits() {
        return context.activity() == VtlContext.Activity.WAIT_FOR_STARTUP;
    }

    /** Where a higher level is enabled a processor cannot be sent back to wait, as INIT does not do it either. */
    private boolean mayStop(int caller) {
        return waits() || vp.highestLevel() <= caller;
    }

    @Override
    public int write(HvRegister name, RegisterValue value) {
        return switch (name) {
            case PENDING_INTERRUPTION -> interrupt(new PendingInterruption(value.low));
            case PENDING_EVENT0 -> event(value);
            case INTERRUPT_STATE -> {
                if ((value.low & InterruptState.RESERVED) != 0) {
                    yield HvStatus.INVALID_REGISTER_VALUE;
                }
                cpu.setInterruptShadow((value.low & InterruptState.INTERRUPT_SHADOW) != 0);
                cpu.setNmiBlocked((value.low & InterruptState.NMI_MASKED) != 0);
                yield HvStatus.SUCCESS;
            }
            case INTERNAL_ACTIVITY_STATE ->
                context.setActivityBits(value.low) ? HvStatus.SUCCESS : HvStatus.INVALID_REGISTER_VALUE;
            default -> HvStatus.INVALID_PARAMETER;
        };
    }

    private int interrupt(PendingInterruption wanted) {
        if (!wanted.interruptionPending()) {
            cpu.cancelPendingEvent();
            return HvStatus.SUCCESS;
        }
        int vector = wanted.interruptionVector();
        if ((wanted.asUint64() & PendingInterruption.RESERVED) != 0 || vector > 0xff) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        switch (wanted.interruptionType()) {
            case PendingInterruption.TYPE_INTERRUPT -> cpu.injectInterrupt(vector);
            case PendingInterruption.TYPE_NMI -> {
                if (vector != NMI) {
                    return HvStatus.INVALID_REGISTER_VALUE;
                }
                cpu.postNmi();
            }
            case PendingInterruption.TYPE_EXCEPTION -> {
                if (vector > LAST_EXCEPTION || vector == NMI) {
                    return HvStatus.INVALID_REGISTER_VALUE;
                }
                cpu.injectException(vector, wanted.deliverErrorCode(), (int) wanted.errorCode());
            }
            default -> {
                // Software interrupts are the guest's own instructions.
                return HvStatus.INVALID_REGISTER_VALUE;
            }
        }
        return HvStatus.SUCCESS;
    }

    private int event(RegisterValue value) {
        var wanted = new portcullis.tlfs.register.VpStateRegisters.PendingEvent(value.low);
        if (!wanted.eventPending()) {
            cpu.cancelPendingEvent();
            return HvStatus.SUCCESS;
        }
        int vector = wanted.vector();
        if (wanted.eventType() != 0 || vector > LAST_EXCEPTION || vector == NMI) {
            return HvStatus.INVALID_REGISTER_VALUE;
        }
        // #PF takes the address along, as its parameter.
        if (vector == 14) {
            cpu.set(portcullis.engine.Register.CR2, value.high);
        }
        cpu.injectException(vector, wanted.deliverErrorCode(), (int) wanted.errorCode());
        return HvStatus.SUCCESS;
    }
}
