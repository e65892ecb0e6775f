package portcullis.tlfs.register;

/**
 * Registers that hold a virtual processor's state apart from the architecture's own: why it does not run, and what it
 * has still to take.
 *
 * <p>Source: v2.0, 10.3.1 (suspension); v6.0b, 7.9 (interrupt state, pending interruption). Where a comment says so
 * the text has the name only and the bits are those that Linux and OpenVMM know.
 */
public final class VpStateRegisters {
    /** HV_EXPLICIT_SUSPEND_REGISTER: set and cleared by callers. */
    public record ExplicitSuspend(long asUint64) {
        public static final long SUSPENDED = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean suspended() {
            return (asUint64 & SUSPENDED) != 0;
        }
    }

    /** HV_INTERCEPT_SUSPEND_REGISTER: set by the hypervisor, cleared by callers. */
    public record InterceptSuspend(long asUint64) {
        public static final long SUSPENDED = 1L;
        public static final long TLB_FLUSH_INHIBIT = 1L << 1;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFCL;

        public boolean suspended() {
            return (asUint64 & SUSPENDED) != 0;
        }

        public boolean tlbFlushInhibit() {
            return (asUint64 & TLB_FLUSH_INHIBIT) != 0;
        }
    }

    /** HV_DISPATCH_SUSPEND_REGISTER. The text has the name only. */
    public record DispatchSuspend(long asUint64) {
        public static final long SUSPENDED = 1L;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFEL;

        public boolean suspended() {
            return (asUint64 & SUSPENDED) != 0;
        }
    }

    /** HvRegisterInternalActivityState. The text has the name only. */
    public record InternalActivity(long asUint64) {
        public static final long STARTUP_SUSPEND = 1L;
        public static final long HALT_SUSPEND = 1L << 1;
        public static final long IDLE_SUSPEND = 1L << 2;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFF8L;

        public boolean startupSuspend() {
            return (asUint64 & STARTUP_SUSPEND) != 0;
        }

        public boolean haltSuspend() {
            return (asUint64 & HALT_SUSPEND) != 0;
        }

        public boolean idleSuspend() {
            return (asUint64 & IDLE_SUSPEND) != 0;
        }
    }

    /** HV_X64_INTERRUPT_STATE_REGISTER. */
    public record InterruptState(long asUint64) {
        public static final long INTERRUPT_SHADOW = 1L;
        public static final long NMI_MASKED = 1L << 1;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFCL;

        public boolean interruptShadow() {
            return (asUint64 & INTERRUPT_SHADOW) != 0;
        }

        public boolean nmiMasked() {
            return (asUint64 & NMI_MASKED) != 0;
        }
    }

    /** HV_X64_PENDING_INTERRUPTION_REGISTER. */
    public record PendingInterruption(long asUint64) {
        public static final long INTERRUPTION_PENDING = 1L;
        public static final int INTERRUPTION_TYPE_SHIFT = 1;
        public static final int INTERRUPTION_TYPE_MASK = 0x7;
        public static final long DELIVER_ERROR_CODE = 1L << 4;
        public static final int INSTRUCTION_LENGTH_SHIFT = 5;
        public static final int INSTRUCTION_LENGTH_MASK = 0xF;
        /** Not in the text. */
        public static final long NESTED_EVENT = 1L << 9;

        public static final int INTERRUPTION_VECTOR_SHIFT = 16;
        public static final int INTERRUPTION_VECTOR_MASK = 0xFFFF;
        public static final int ERROR_CODE_SHIFT = 32;
        public static final long ERROR_CODE_MASK = 0xFFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_0000_FC00L;

        /**
         * InterruptionType, and the type in an interruption deliverable message: HV_X64_PENDING_INTERRUPTION_TYPE.
         */
        public static final int TYPE_INTERRUPT = 0;

        public static final int TYPE_NMI = 2;
        public static final int TYPE_EXCEPTION = 3;
        public static final int TYPE_SOFTWARE_INTERRUPT = 4;
        public static final int TYPE_PRIVILEGED_SOFTWARE_EXCEPTION = 5;
        public static final int TYPE_SOFTWARE_EXCEPTION = 6;

        public boolean interruptionPending() {
            return (asUint64 & INTERRUPTION_PENDING) != 0;
        }

        public int interruptionType() {
            return (int) (asUint64 >>> INTERRUPTION_TYPE_SHIFT) & INTERRUPTION_TYPE_MASK;
        }

        public boolean deliverErrorCode() {
            return (asUint64 & DELIVER_ERROR_CODE) != 0;
        }

        public int instructionLength() {
            return (int) (asUint64 >>> INSTRUCTION_LENGTH_SHIFT) & INSTRUCTION_LENGTH_MASK;
        }

        public boolean nestedEvent() {
            return (asUint64 & NESTED_EVENT) != 0;
        }

        public int interruptionVector() {
            return (int) (asUint64 >>> INTERRUPTION_VECTOR_SHIFT) & INTERRUPTION_VECTOR_MASK;
        }

        public long errorCode() {
            return (asUint64 >>> ERROR_CODE_SHIFT) & ERROR_CODE_MASK;
        }
    }

    /** HvRegisterDeliverabilityNotifications. The text has the name only. */
    public record DeliverabilityNotifications(long asUint64) {
        public static final long NMI_NOTIFICATION = 1L;
        public static final long INTERRUPT_NOTIFICATION = 1L << 1;
        public static final int INTERRUPT_PRIORITY_SHIFT = 2;
        public static final int INTERRUPT_PRIORITY_MASK = 0xF;
        public static final int SINTS_SHIFT = 48;
        public static final int SINTS_MASK = 0xFFFF;
        /** All other bits. */
        public static final long RESERVED = 0x0000_FFFF_FFFF_FFC0L;

        public boolean nmiNotification() {
            return (asUint64 & NMI_NOTIFICATION) != 0;
        }

        public boolean interruptNotification() {
            return (asUint64 & INTERRUPT_NOTIFICATION) != 0;
        }

        public int interruptPriority() {
            return (int) (asUint64 >>> INTERRUPT_PRIORITY_SHIFT) & INTERRUPT_PRIORITY_MASK;
        }

        public int sints() {
            return (int) (asUint64 >>> SINTS_SHIFT) & SINTS_MASK;
        }
    }

    /** HvRegisterInstructionEmulationHints. The text has the name only. */
    public record InstructionEmulationHints(long asUint64) {
        public static final long PARTITION_SECURE_VTL_ENABLED = 1L;
        public static final long MBEC_USER_EXECUTE_CONTROL = 1L << 1;
        /** All other bits. */
        public static final long RESERVED = 0xFFFF_FFFF_FFFF_FFFCL;

        public boolean partitionSecureVtlEnabled() {
            return (asUint64 & PARTITION_SECURE_VTL_ENABLED) != 0;
        }

        public boolean mbecUserExecuteControl() {
            return (asUint64 & MBEC_USER_EXECUTE_CONTROL) != 0;
        }
    }

    /**
     * The low 64 bits of HvRegisterPendingEvent0, where it is an exception (HV_X64_PENDING_EXCEPTION_EVENT); the high
     * 64 bits are the exception's parameter, CR2 or DR6. Of other events, the first byte only. The text has the name
     * only.
     */
    public record PendingEvent(long asUint64) {
        public static final long EVENT_PENDING = 1L;
        public static final int EVENT_TYPE_SHIFT = 1;
        public static final int EVENT_TYPE_MASK = 0x7;
        public static final long DELIVER_ERROR_CODE = 1L << 8;
        public static final int VECTOR_SHIFT = 16;
        public static final int VECTOR_MASK = 0xFFFF;
        public static final int ERROR_CODE_SHIFT = 32;
        public static final long ERROR_CODE_MASK = 0xFFFF_FFFFL;
        /** All other bits. */
        public static final long RESERVED = 0x0000_0000_0000_FEF0L;

        /** EventType. */
        public static final int TYPE_EXCEPTION = 0;

        public static final int TYPE_MEMORY_INTERCEPT = 1;
        public static final int TYPE_NESTED_MEMORY_INTERCEPT = 2;
        public static final int TYPE_VIRTUALIZATION_FAULT = 3;
        public static final int TYPE_HYPERCALL_OUTPUT = 4;
        public static final int TYPE_EXT_INT = 5;
        public static final int TYPE_SHADOW_IPT = 6;

        public boolean eventPending() {
            return (asUint64 & EVENT_PENDING) != 0;
        }

        public int eventType() {
            return (int) (asUint64 >>> EVENT_TYPE_SHIFT) & EVENT_TYPE_MASK;
        }

        public boolean deliverErrorCode() {
            return (asUint64 & DELIVER_ERROR_CODE) != 0;
        }

        public int vector() {
            return (int) (asUint64 >>> VECTOR_SHIFT) & VECTOR_MASK;
        }

        public long errorCode() {
            return (asUint64 >>> ERROR_CODE_SHIFT) & ERROR_CODE_MASK;
        }
    }

    private VpStateRegisters() {}
}
