package portcullis.hypervisor.apic;

import portcullis.engine.ExitDetails;

/**
 * The ways in which a guest reaches the registers of its local APIC: the page in xAPIC mode, MSRs 0x800 to 0x8ff in x2APIC mode, and
 * the hypervisor's own MSRs whatever the mode. What is refused on each way is here; what registers do is {@link LocalApic}'s.
 */
final class GuestAccess {
    private static final int LOW_DESTINATION_SHIFT = 24;

    private final LocalApic apic;
    private final LocalVectorTable lvt;

    GuestAccess(LocalApic apic, LocalVectorTable lvt) {
        this.apic = apic;
        this.lvt = lvt;
    }

    // The page. Only the first four bytes of each sixteen hold anything (SDM 10.4.1)

    long readPage(int offset, int size) {
        int within = offset & 0xf;
        if (within >= 4) {
            return 0;
        }
        long value = Integer.toUnsignedLong(apic.readRegister(offset & 0xff0)) >>> within * 8;
        return size >= 8 ? value : value & (1L << size * 8) - 1;
    }

    void writePage(int offset, int size, long value) {
        if ((offset & 0xf) != 0 || size != 4) {
            return;
        }
        int register = offset & 0xff0;
        if (register == ApicRegister.COMMAND_LOW) {
            apic.command((int) value, (int) (apic.commandRegister() >>> 32) >>> LOW_DESTINATION_SHIFT);
        } else {
            apic.writeRegister(register, (int) value);
        }
    }

    // MSRs of the x2APIC

    void readMsr(ExitDetails exit) {
        int register = exit.msr - ApicRegister.FIRST_MSR << 4;
        exit.fault = apic.mode() != ApicMode.X2APIC || !X2ApicAccess.readable(register);
        if (!exit.fault) {
            exit.value = register == ApicRegister.COMMAND_LOW
                    ? apic.commandRegister()
                    : Integer.toUnsignedLong(apic.readRegister(register));
        }
    }

    boolean writeMsr(int msr, long value) {
        int register = msr - ApicRegister.FIRST_MSR << 4;
        if (apic.mode() != ApicMode.X2APIC || !X2ApicAccess.writable(register, value, lvt)) {
            return false;
        }
        switch (register) {
            case ApicRegister.COMMAND_LOW -> apic.wideCommand(value);
            case ApicRegister.SELF_IPI -> apic.selfIpi((int) value);
            default -> apic.writeRegister(register, (int) value);
        }
        return true;
    }

    // MSRs of the hypervisor (TLFS, "APIC Register MSRs")

    long interruptCommand() {
        return apic.mode() == ApicMode.DISABLED ? LocalApic.NONE : apic.commandRegister();
    }

    boolean writeInterruptCommand(long value) {
        switch (apic.mode()) {
            case DISABLED -> {
                return false;
            }
            case X2APIC -> {
                return writeMsr(ApicRegister.FIRST_MSR + (ApicRegister.COMMAND_LOW >>> 4), value);
            }
            case XAPIC -> {
                apic.writeRegister(ApicRegister.COMMAND_HIGH, (int) (value >>> 32));
                writePage(ApicRegister.COMMAND_LOW, 4, value & 0xffff_ffffL);
                return true;
            }
        }
        return false;
    }

    long taskPriority() {
        return apic.mode() == ApicMode.DISABLED ? LocalApic.NONE : apic.taskPriorityRegister();
    }

    boolean writeTaskPriority(long value) {
        if (value >>> 8 != 0 || apic.mode() == ApicMode.DISABLED) {
            return false;
        }
        apic.writeRegister(ApicRegister.TASK_PRIORITY, (int) value);
        return true;
    }
}
