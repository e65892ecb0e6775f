package portcullis.hypervisor.hyperv;

import java.util.List;

/**
 * What a guest said when it crashed (TLFS, "Partition Crash Enlightenment").
 *
 * @param vp who said it
 * @param parameters HV_X64_MSR_CRASH_P0 to P4
 * @param message text that P3 and P4 pointed at, or empty
 */
public record GuestCrash(int vp, List<Long> parameters, String message) {
    public GuestCrash {
        parameters = List.copyOf(parameters);
    }

    /** One line for the user. */
    public String describe() {
        StringBuilder text = new StringBuilder("the guest reports a crash on vp " + vp + ":");
        for (int i = 0; i < parameters.size(); i++) {
            text.append(" P%d=%x".formatted(i, parameters.get(i)));
        }
        return message.isBlank() ? text.toString() : text + "; it says: " + message.strip();
    }
}
