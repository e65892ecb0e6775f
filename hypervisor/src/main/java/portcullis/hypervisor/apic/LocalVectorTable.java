package portcullis.hypervisor.apic;

import java.util.Arrays;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** The six LVT entries (SDM 10.5.1): what each may hold, and that a software-disabled APIC keeps them masked. Under the APIC's lock. */
final class LocalVectorTable {
    static final int TIMER = 0;
    static final int THERMAL = 1;
    static final int PERFORMANCE = 2;
    static final int LINT0 = 3;
    static final int LINT1 = 4;
    static final int ERROR = 5;
    static final int ENTRIES = 6;

    static final int MASKED = 1 << 16;
    static final int LEVEL_TRIGGERED = 1 << 15;
    static final int REMOTE_IRR = 1 << 14;
    private static final int POLARITY = 1 << 13;
    /** Read-only, always idle here: delivery takes no time. */
    private static final int DELIVERY_STATUS = 1 << 12;

    private static final int DELIVERY_MODE = 7 << 8;
    private static final int VECTOR = 0xff;

    static final int TIMER_MODE_SHIFT = 17;
    static final int TIMER_PERIODIC = 1 << TIMER_MODE_SHIFT;
    static final int TIMER_TSC_DEADLINE = 1 << TIMER_MODE_SHIFT + 1;

    private final int[] entries = new int[ENTRIES];
    private final int[] writable = {
        VECTOR | MASKED | TIMER_PERIODIC,
        VECTOR | MASKED | DELIVERY_MODE,
        VECTOR | MASKED | DELIVERY_MODE,
        VECTOR | MASKED | DELIVERY_MODE | POLARITY | LEVEL_TRIGGERED,
        VECTOR | MASKED | DELIVERY_MODE | POLARITY | LEVEL_TRIGGERED,
        VECTOR | MASKED
    };

    LocalVectorTable(ApicFeatures features) {
        if (features.tscDeadline()) {
            writable[TIMER] |= TIMER_TSC_DEADLINE;
        }
        reset();
    }

    void reset() {
        Arrays.fill(entries, MASKED);
    }

    int get(int entry) {
        return entries[entry];
    }

    /** Stores what is writable. @param enabled whether the APIC is software-enabled; if not the entry stays masked */
    void write(int entry, int value, boolean enabled) {
        int kept = entries[entry] & REMOTE_IRR;
        int stored = value & writable[entry] | kept | (enabled ? 0 : MASKED);
        if (entry == TIMER && (stored & TIMER_TSC_DEADLINE) != 0) {
            // 11b is reserved (SDM figure 10-8); the deadline bit wins.
            stored &= ~TIMER_PERIODIC;
        }
        entries[entry] = stored;
    }

    /** Whether an x2APIC write of {@code value} touches reserved bits. Read-only bits may hold anything. */
    boolean reserved(int entry, int value) {
        int readOnly = DELIVERY_STATUS | (entry == LINT0 || entry == LINT1 ? REMOTE_IRR : 0);
        int bothTimerModes = TIMER_PERIODIC | TIMER_TSC_DEADLINE;
        return (value & ~(writable[entry] | readOnly)) != 0
                || (entry == TIMER && (value & bothTimerModes) == bothTimerModes);
    }

    void maskAll() {
        for (int entry = 0; entry < ENTRIES; entry++) {
            entries[entry] |= MASKED;
        }
    }

    boolean masked(int entry) {
        return (entries[entry] & MASKED) != 0;
    }

    DeliveryMode mode(int entry) {
        return entry == TIMER || entry == ERROR ? DeliveryMode.FIXED : DeliveryMode.of(entries[entry]);
    }

    int vector(int entry) {
        return entries[entry] & VECTOR;
    }

    /** Level sensitivity exists for LINT0 in fixed mode only (SDM 10.5.1, "Trigger Mode"). */
    boolean levelTriggered(int entry) {
        return entry == LINT0 && (entries[entry] & LEVEL_TRIGGERED) != 0 && mode(entry) == DeliveryMode.FIXED;
    }

    boolean remoteIrr(int entry) {
        return (entries[entry] & REMOTE_IRR) != 0;
    }

    void setRemoteIrr(int entry, boolean set) {
        entries[entry] = entries[entry] & ~REMOTE_IRR | (set ? REMOTE_IRR : 0);
    }

    void save(StateWriter out) {
        out.putInts(entries);
    }

    void restore(StateReader in) {
        in.getInts(entries);
    }
}
