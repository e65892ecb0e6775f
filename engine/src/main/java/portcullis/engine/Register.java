package portcullis.engine;

/** The 64-bit registers that {@link VirtualCpu#get} and {@link VirtualCpu#set} reach. General registers in encoding order. */
public enum Register {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    RIP,
    RFLAGS,
    CR0,
    CR2,
    CR3,
    CR4,
    /** Task priority class, 0 to 15 (SDM 10.8.6.1): the local APIC's TPR bits 7:4. */
    CR8,
    XCR0,
    EFER,
    DR0,
    DR1,
    DR2,
    DR3,
    DR6,
    DR7
}
