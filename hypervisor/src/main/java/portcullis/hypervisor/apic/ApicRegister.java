package portcullis.hypervisor.apic;

/** Offsets in the xAPIC's page (SDM table 10-1). The x2APIC register is MSR 0x800 + offset / 16 (SDM table 10-6). */
final class ApicRegister {
    static final int ID = 0x20;
    static final int VERSION = 0x30;
    static final int TASK_PRIORITY = 0x80;
    static final int ARBITRATION_PRIORITY = 0x90;
    static final int PROCESSOR_PRIORITY = 0xa0;
    static final int EOI = 0xb0;
    static final int REMOTE_READ = 0xc0;
    static final int LOGICAL_DESTINATION = 0xd0;
    static final int DESTINATION_FORMAT = 0xe0;
    static final int SPURIOUS_VECTOR = 0xf0;
    static final int IN_SERVICE = 0x100;
    static final int TRIGGER_MODE = 0x180;
    static final int INTERRUPT_REQUEST = 0x200;
    static final int ERROR_STATUS = 0x280;
    static final int COMMAND_LOW = 0x300;
    static final int COMMAND_HIGH = 0x310;
    static final int LVT_TIMER = 0x320;
    static final int LVT_ERROR = 0x370;
    static final int INITIAL_COUNT = 0x380;
    static final int CURRENT_COUNT = 0x390;
    static final int DIVIDE_CONFIGURATION = 0x3e0;
    static final int SELF_IPI = 0x3f0;

    /** First of the MSRs that reach these registers in x2APIC mode, and the last that is reserved for them. */
    static final int FIRST_MSR = 0x800;

    static final int LAST_MSR = 0x8ff;

    private ApicRegister() {}
}
