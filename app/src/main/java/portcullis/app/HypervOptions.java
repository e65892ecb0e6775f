package portcullis.app;

import portcullis.hypervisor.hyperv.HypervConfig;
import portcullis.machine.config.HypervSpelling;

/** Reads {@code --hyperv}. */
final class HypervOptions {
    private HypervOptions() {}

    /** @throws UserError for what does not exist or cannot be combined */
    static HypervConfig parse(String text) {
        try {
            return HypervSpelling.parse(text);
        } catch (IllegalArgumentException refused) {
            throw new UserError("--hyperv " + refused.getMessage());
        }
    }

    /** What {@link #parse} makes {@code config} of. */
    static String spell(HypervConfig config) {
        return HypervSpelling.spell(config);
    }
}
