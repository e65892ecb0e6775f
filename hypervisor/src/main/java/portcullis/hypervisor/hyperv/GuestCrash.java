package portcullis.hypervisor.hyperv;

import java.util.List;
import java.util.stream.Collectors;

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

    /** For the user: one line; and where the guest has said more than one, each of its own behind a bar: they are nobody else's. */
    public String describe() {
        StringBuilder text = new StringBuilder("the guest reports a crash on vp " + vp + ":");
        for (int i = 0; i < parameters.size(); i++) {
            text.append(" P%d=%x".formatted(i, parameters.get(i)));
        }
        List<String> said = message.strip().lines().toList();
        return switch (said.size()) {
            case 0 -> text.toString();
            case 1 -> text + "; it says: " + said.getFirst();
            default -> said.stream().collect(Collectors.joining("\n  | ", text + "; it says:\n  | ", ""));
        };
    }
}
