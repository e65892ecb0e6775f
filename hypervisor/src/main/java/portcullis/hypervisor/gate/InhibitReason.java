package portcullis.hypervisor.gate;

import java.util.Locale;

/** Why a gate is shut. Reasons come and go apart from each other; the gate opens when none is left. */
public enum InhibitReason {
    /** The host's API. Only the host lifts it. */
    HOST,
    /** A memory intercept was delivered to a higher level, or it translated an address and asked for this (TLFS 6.0b, 9.1.4). */
    INTERCEPT,
    /** Level 1 of this VP has set TlbLocked for this level (TLFS vsm.md, "TlbLocked"). */
    TLB_LOCKED_BY_1,
    /** Level 2 has. */
    TLB_LOCKED_BY_2;

    /** Those that TLFS calls locks. */
    public static final int LOCKS = TLB_LOCKED_BY_1.bit() | TLB_LOCKED_BY_2.bit();

    /** All of them. */
    public static final int ALL = HOST.bit() | INTERCEPT.bit() | LOCKS;

    /** This reason's bit in {@link FlushGate#reasons}. */
    public int bit() {
        return 1 << ordinal();
    }

    /** @return the reason {@code TLB_LOCKED_BY_n}. @param level 1 or 2 */
    public static InhibitReason lockedBy(int level) {
        return switch (level) {
            case 1 -> TLB_LOCKED_BY_1;
            case 2 -> TLB_LOCKED_BY_2;
            default -> throw new IllegalArgumentException("level " + level + " locks nobody's TLB");
        };
    }

    /** What a set of reasons is called in traces: {@code "host, intercept"}, {@code "none"}. */
    public static String describe(int reasons) {
        StringBuilder text = new StringBuilder();
        for (InhibitReason reason : values()) {
            if ((reasons & reason.bit()) != 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(reason.name().toLowerCase(Locale.ROOT).replace('_', ' '));
            }
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
