package portcullis.engine;

import java.util.List;
import java.util.Set;

/**
 * Which accesses of guest instructions to system registers leave the engine with {@link ExitReason#REGISTER_INTERCEPT}.
 *
 * @param cr0Bits bits of CR0 that MOV, LMSW and CLTS are intercepted for if they would change one; 0 none, {@link #EVERY_WRITE}
 *     any write
 * @param cr4Bits the same of CR4 and MOV
 * @param writes which others are intercepted when written, whatever the value: of XCR0 (XSETBV), GDTR, IDTR, LDTR and TR (LGDT,
 *     LIDT, LLDT, LTR, and a task switch for the last two)
 * @param msrs a register at most once
 */
public record RegisterIntercepts(long cr0Bits, long cr4Bits, Set<InterceptedRegister> writes, List<MsrIntercept> msrs) {
    /** As a mask: intercepts a write that changes nothing, too. */
    public static final long EVERY_WRITE = -1;

    public static final RegisterIntercepts NONE = new RegisterIntercepts(0, 0, Set.of(), List.of());

    public RegisterIntercepts {
        writes = Set.copyOf(writes);
        msrs = List.copyOf(msrs);
    }

    /** Whether a write that turns {@code old} into {@code value} is intercepted where {@code bits} are looked at. */
    public static boolean intercepts(long bits, long old, long value) {
        return bits == EVERY_WRITE || ((old ^ value) & bits) != 0;
    }

    /** What is asked of a model-specific register, or null. */
    public MsrIntercept msr(int number) {
        for (MsrIntercept msr : msrs) {
            if (msr.number() == number) {
                return msr;
            }
        }
        return null;
    }
}
