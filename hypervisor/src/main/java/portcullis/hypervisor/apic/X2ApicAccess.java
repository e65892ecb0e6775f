package portcullis.hypervisor.apic;

/** Which x2APIC MSRs can be read and what can be written to them (SDM table 10-6, 10.12.1.3). */
final class X2ApicAccess {
    /** ICR bits 31:20, 17:16 and 13 (SDM figure 10-28). Bit 12 was the delivery status: what is written there is dropped. */
    private static final int COMMAND_RESERVED = 0xfff32000;

    private X2ApicAccess() {}

    static boolean readable(int register) {
        if (register >= ApicRegister.IN_SERVICE && register <= ApicRegister.ERROR_STATUS) {
            return true;
        }
        if (register >= ApicRegister.LVT_TIMER && register <= ApicRegister.LVT_ERROR) {
            return true;
        }
        return switch (register) {
            case ApicRegister.ID,
                    ApicRegister.VERSION,
                    ApicRegister.TASK_PRIORITY,
                    ApicRegister.PROCESSOR_PRIORITY,
                    ApicRegister.LOGICAL_DESTINATION,
                    ApicRegister.SPURIOUS_VECTOR,
                    ApicRegister.COMMAND_LOW,
                    ApicRegister.INITIAL_COUNT,
                    ApicRegister.CURRENT_COUNT,
                    ApicRegister.DIVIDE_CONFIGURATION -> true;
            default -> false;
        };
    }

    /** Whether writing {@code value} is allowed: the register is writable and no reserved bit is set. */
    static boolean writable(int register, long value, LocalVectorTable lvt) {
        if (register == ApicRegister.COMMAND_LOW) {
            return ((int) value & COMMAND_RESERVED) == 0;
        }
        if (value >>> 32 != 0) {
            return false;
        }
        int low = (int) value;
        if (register >= ApicRegister.LVT_TIMER && register <= ApicRegister.LVT_ERROR) {
            return !lvt.reserved(register - ApicRegister.LVT_TIMER >>> 4, low);
        }
        return switch (register) {
            case ApicRegister.TASK_PRIORITY, ApicRegister.SELF_IPI -> (low & ~0xff) == 0;
            case ApicRegister.EOI, ApicRegister.ERROR_STATUS -> low == 0;
            case ApicRegister.SPURIOUS_VECTOR -> (low & ~ApicState.SPURIOUS_WRITABLE) == 0;
            case ApicRegister.INITIAL_COUNT -> true;
            case ApicRegister.DIVIDE_CONFIGURATION -> (low & ~0xb) == 0;
            default -> false;
        };
    }
}
