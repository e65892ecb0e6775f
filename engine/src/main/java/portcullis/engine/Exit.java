package portcullis.engine;

/** An exit in readable form; one record a {@link ExitReason}. */
public sealed interface Exit {
    record PortRead(int port, int size) implements Exit {}

    record PortWrite(int port, int size, int value) implements Exit {}

    record MmioRead(long gpa, int size) implements Exit {}

    record MmioWrite(long gpa, int size, long value) implements Exit {}

    record MsrRead(int msr) implements Exit {}

    record MsrWrite(int msr, long value) implements Exit {}

    record Hypercall() implements Exit {}

    record Halt() implements Exit {}

    record TaskPriority() implements Exit {}

    record TimeStamp() implements Exit {}

    record InterruptWindow() implements Exit {}

    record AccessDenied(long gpa, Access access, boolean pageWalk) implements Exit {}

    record RegisterIntercept(InterceptedRegister register, int msr, Access access, long value) implements Exit {}

    record Shutdown() implements Exit {}

    record Kicked() implements Exit {}

    record Budget() implements Exit {}

    record Breakpoint() implements Exit {}
}
