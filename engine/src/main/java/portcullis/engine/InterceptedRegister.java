package portcullis.engine;

/** What an intercepted instruction was about to read or write ({@link VirtualCpu#interceptRegisters}). */
public enum InterceptedRegister {
    CR0,
    CR4,
    XCR0,
    GDTR,
    IDTR,
    LDTR,
    TR,
    /** A model-specific register, {@link ExitDetails#msr}. */
    MSR
}
