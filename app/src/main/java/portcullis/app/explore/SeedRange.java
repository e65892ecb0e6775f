package portcullis.app.explore;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Seeds from {@code first} to {@code last}, both included.
 *
 * @param first 0 or more
 */
public record SeedRange(long first, long last) {
    /** Few enough that counts fit everywhere. */
    private static final long MOST = 1_000_000_000_000L;

    private static final Pattern FORM = Pattern.compile("(\\d{1,13})(?:-(\\d{1,13}))?");

    public SeedRange {
        if (first < 0 || last < first || last >= MOST) {
            throw new IllegalArgumentException("seeds are 0 to " + (MOST - 1) + ", the first before the last");
        }
    }

    /**
     * Reads a number of seeds, which begin with 0, or {@code FIRST-LAST}.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static SeedRange parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException("say how many, as in 1000, or which, as in 5000-5999");
        }
        long number = Long.parseLong(form.group(1));
        if (form.group(2) != null) {
            return new SeedRange(number, Long.parseLong(form.group(2)));
        }
        if (number == 0) {
            throw new IllegalArgumentException("there is nothing to do for no seed; say 1 or more");
        }
        return new SeedRange(0, number - 1);
    }

    /** How many there are. */
    public long count() {
        return last - first + 1;
    }

    @Override
    public String toString() {
        return first + "-" + last;
    }
}
