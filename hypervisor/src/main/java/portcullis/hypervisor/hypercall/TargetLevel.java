package portcullis.hypervisor.hypercall;

/** HV_INPUT_VTL: which trust level a call is about. Bits 3:0 the level, bit 4 whether it counts, 7:5 zero. */
public final class TargetLevel {
    private static final int LEVEL = 0xf;
    private static final int USE = 1 << 4;
    private static final int RESERVED = 0xe0;

    private TargetLevel() {}

    /** The level that {@code input} names; without one, the caller's. -1 where it names none. */
    public static int of(CallContext call, int input) {
        if ((input & RESERVED) != 0) {
            return -1;
        }
        int own = call.level().level();
        int level = (input & USE) != 0 ? input & LEVEL : own;
        return level < 3 ? level : -1;
    }

    /** Whether {@code input} names a level that there is. */
    static boolean valid(CallContext call, int input) {
        int level = of(call, input);
        return level >= 0 && call.partition().level(level) != null;
    }
}
