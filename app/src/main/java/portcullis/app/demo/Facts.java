package portcullis.app.demo;

import java.util.List;
import java.util.Locale;

/**
 * What a demonstration has measured.
 *
 * @param flushes by VP 0 that returned
 * @param suspensions of VP 0
 * @param readsWhileInhibited by VP 1, of the page that its old translation leads to, while VP 0 was suspended
 * @param staleReads by anybody, of such a page after the flush had returned
 * @param refused flushes that returned another status than success
 * @param suspended how long, where nobody waited for people to see it
 * @param liftToRun from the call of lift to where the VP that was suspended goes on
 * @param inhibit what the call took, while VP 0 flushes without end
 * @param lift likewise
 * @param idleNanos both together, while nobody flushes; NaN where that was not measured
 * @param guestSaid the last line of the guest's own report
 */
record Facts(
        long flushes,
        long suspensions,
        long readsWhileInhibited,
        long staleReads,
        long refused,
        Durations suspended,
        Durations liftToRun,
        Durations inhibit,
        Durations lift,
        double idleNanos,
        String guestSaid) {
    boolean right() {
        return staleReads == 0 && refused == 0 && flushes > 0 && suspensions > 0 && readsWhileInhibited > 0;
    }

    List<String> lines() {
        return List.of(
                line("flushes by vp 0", "%,d, suspended %,d times", flushes, suspensions),
                line("reads by vp 1 while it was inhibited", "%,d through the translation it had", readsWhileInhibited),
                line("reads of the old page after its flush", "%,d", staleReads),
                line("vp 0 suspended", "%s", suspended),
                line("from lift to where vp 0 runs again", "%s", liftToRun),
                line("inhibit, while vp 0 flushes", "%s", inhibit),
                line("lift, with vp 0 waiting", "%s", lift),
                Double.isNaN(idleNanos)
                        ? line("inhibit and lift, nobody flushes", "not measured, for they would all be recorded")
                        : line("inhibit and lift, nobody flushes", "%.0f ns together", idleNanos),
                line("the guest itself says", "%s", guestSaid));
    }

    private static String line(String name, String format, Object... values) {
        return String.format(Locale.ROOT, "  %-38s", name) + String.format(Locale.ROOT, format, values);
    }
}
