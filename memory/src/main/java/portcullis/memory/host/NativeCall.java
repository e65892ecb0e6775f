package portcullis.memory.host;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Calls machine code at a host address by the host's C calling convention.
 *
 * <p>A plain downcall, not a critical one: the thread counts as being in native code meanwhile, so garbage collections and
 * thread dumps go on (PERFORMANCE.md, "Enter through a plain FFM downcall").
 */
public final class NativeCall {
    // SAFETY: the descriptor is that of long f(long, long, long), which is what callers promise lies at the address.
    @SuppressWarnings("restricted")
    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private NativeCall() {}

    /**
     * Calls {@code long f(long, long, long)} at {@code address} and returns its result.
     *
     * @param address of code in a live mapping from {@link HostMapping#reserveExecutable}; the code keeps to the C calling
     *     convention, keeps the stack pointer inside the thread's own stack, and raises no fault
     */
    public static long call(long address, long first, long second, long third) {
        try {
            // SAFETY: the callers' promise above; the segment only carries the address.
            return (long) CALL.invokeExact(MemorySegment.ofAddress(address), first, second, third);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError("machine code throws no Java exception", t);
        }
    }
}
