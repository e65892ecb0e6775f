package portcullis.app.explore;

import java.util.Locale;

/**
 * What came of one seed.
 *
 * @param value exit status, what was written to the assertion port, or the VP, by {@code kind}; else 0
 * @param instructions executed by all VPs: nanoseconds of virtual time at the end
 */
public record RunResult(long seed, Kind kind, int value, long instructions) {
    /** What a guest that is content gives to port 0xf4, shifted as the device does. */
    private static final int GUEST_SUCCESS = 1;

    /** How runs end. */
    public enum Kind {
        /** With a status, by the debug exit port. */
        EXIT,
        /** Switched off. */
        POWER_OFF,
        /** By the guest's wish, again and again. */
        RESET,
        /** By the assertion port. */
        ASSERTION,
        /** The guest reported a crash through Microsoft's crash registers. */
        CRASH,
        TRIPLE_FAULT,
        /** Every VP waits for what cannot come. */
        STALLED,
        /** No end within the limit. */
        ENDLESS,
        /** No end, and some VP is suspended at a gate. */
        SUSPENDED,
        /** A fault of ours. */
        HOST_ERROR;

        /** {@code power-off}. */
        public String spelling() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** @throws IllegalArgumentException for what is no kind */
        public static Kind of(String spelling) {
            return valueOf(spelling.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }

    /** Whether this is what an exploration looks for. */
    public boolean failed() {
        return switch (kind) {
            case EXIT -> value != GUEST_SUCCESS;
            case POWER_OFF -> false;
            case RESET, ASSERTION, CRASH, TRIPLE_FAULT, STALLED, ENDLESS, SUSPENDED, HOST_ERROR -> true;
        };
    }

    /** For people. */
    public String describe() {
        return switch (kind) {
            case EXIT -> "the guest ends with status " + value;
            case POWER_OFF -> "the guest switches off";
            case RESET -> "the guest resets the machine again and again";
            case ASSERTION -> "the guest's assertion fails (0x" + Integer.toHexString(value) + ")";
            case CRASH -> "the guest reports that it has crashed";
            case TRIPLE_FAULT -> "vp " + value + " shuts down by triple fault";
            case STALLED -> "every vp waits for something that cannot come";
            case ENDLESS -> "no end within the limit";
            case SUSPENDED -> "vp " + value + " stays suspended for ever";
            case HOST_ERROR -> "Portcullis itself fails";
        };
    }
}
