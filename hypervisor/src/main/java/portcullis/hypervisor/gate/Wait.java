package portcullis.hypervisor.gate;

/**
 * A VP that executes nothing because of a gate.
 *
 * @param vp who waits
 * @param level its active trust level
 * @param waitingOn whose gate
 * @param reasons why that is shut: bits of {@link InhibitReason}; those that do not concern the wait are left out
 * @param holder the VP whose higher level must lift, or {@link FlushPass#NONE} where only the host must
 */
public record Wait(int vp, int level, int waitingOn, int reasons, int holder) {
    /** {@code "vp 0 (vtl 0) waits on vp 1, held by intercept through vp 1"}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append("vp ").append(vp).append(" (vtl ").append(level).append(") waits on vp ");
        text.append(waitingOn).append(", held by ").append(InhibitReason.describe(reasons));
        if (holder != FlushPass.NONE) {
            text.append(" through vp ").append(holder);
        }
        return text.toString();
    }
}
