package portcullis.bench;

import java.util.Arrays;
import java.util.Locale;

/** Samples of one figure, in nanoseconds, and what is said of them. */
public final class Figures {
    private double[] samples = new double[64];
    private int count;

    public void add(double nanoseconds) {
        if (count == samples.length) {
            samples = Arrays.copyOf(samples, count * 2);
        }
        samples[count++] = nanoseconds;
    }

    public int count() {
        return count;
    }

    public double median() {
        return quantile(0.5);
    }

    /** @param part 0 the least, 1 the most; not a number where there are no samples */
    public double quantile(double part) {
        if (count == 0) {
            return Double.NaN;
        }
        double[] sorted = Arrays.copyOf(samples, count);
        Arrays.sort(sorted);
        return sorted[(int) Math.round(part * (count - 1))];
    }

    /** With a unit that suits: {@code "31 ns"}, {@code "2.61 µs"}, {@code "14.2 ms"}. */
    public static String time(double nanoseconds) {
        if (Double.isNaN(nanoseconds)) {
            return "-";
        }
        if (nanoseconds < 10) {
            return String.format(Locale.ROOT, "%.1f ns", nanoseconds);
        }
        if (nanoseconds < 1000) {
            return String.format(Locale.ROOT, "%.0f ns", nanoseconds);
        }
        boolean micro = nanoseconds < 1e6;
        double scaled = nanoseconds / (micro ? 1e3 : 1e6);
        return String.format(Locale.ROOT, scaled < 10 ? "%.2f %s" : "%.1f %s", scaled, micro ? "µs" : "ms");
    }

    /** {@code "0.97"}; thousands without fraction. */
    public static String ratio(double of, double to) {
        double ratio = of / to;
        return String.format(Locale.ROOT, ratio < 100 ? "%.2f" : "%,.0f", ratio);
    }
}
