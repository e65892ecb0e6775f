package portcullis.app.demo;

import java.util.Arrays;
import java.util.Locale;

/** Durations in nanoseconds, and what was typical of them. */
final class Durations {
    private static final double NANOS_A_MICRO = 1000;

    private long[] nanos = new long[256];
    private int count;

    void add(long duration) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = duration;
    }

    /** The smallest that at least {@code share} (0 to 1) of them do not exceed; 0 where there are none. */
    long quantile(double share) {
        if (count == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return sorted[Math.clamp((int) Math.ceil(share * count) - 1, 0, count - 1)];
    }

    @Override
    public String toString() {
        return count == 0
                ? "not measured"
                : String.format(
                        Locale.ROOT,
                        "median %,.1f us, 99th percentile %,.1f us",
                        quantile(0.5) / NANOS_A_MICRO,
                        quantile(0.99) / NANOS_A_MICRO);
    }
}
