package portcullis.hypervisor.registers;

import portcullis.tlfs.HvRegister;

/**
 * Which registers a VP has once, for all of its trust levels (TLFS vsm.md, "Shared State"). While a level executes they hold what
 * it computes with, so that whoever may not see the level may not see them.
 */
final class SharedState {
    private static final boolean[] SHARED = new boolean[HvRegister.values().length];

    static {
        for (HvRegister name : HvRegister.values()) {
            SHARED[name.ordinal()] = shared(name);
        }
    }

    private SharedState() {}

    static boolean has(HvRegister name) {
        return SHARED[name.ordinal()];
    }

    private static boolean shared(HvRegister name) {
        return switch (name) {
            case RSP, RIP, RFLAGS -> false;
            case CR2, XFEM, DR0, DR1, DR2, DR3, IA32_MISC_ENABLE -> true;
            default -> {
                int code = name.code();
                boolean mtrr = code >= HvRegister.MTRR_CAP.code() && code <= HvRegister.MTRR_FIX4K_F8000.code();
                // General registers, x87 and SSE, AVX.
                yield mtrr || code >>> 16 == 0x02 || code >>> 16 == 0x03 || code >>> 16 == 0x0c;
            }
        };
    }
}
