package portcullis.app.explore;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which part of the seeds is done here: each {@code count}-th, beginning with the {@code index}-th.
 *
 * @param index 0 to {@code count} - 1
 */
public record Shard(int index, int count) {
    /** All of them. */
    public static final Shard ALL = new Shard(0, 1);

    private static final Pattern FORM = Pattern.compile("(\\d{1,9})/(\\d{1,9})");

    public Shard {
        if (count < 1 || index < 0 || index >= count) {
            throw new IllegalArgumentException(
                    count < 1
                            ? "there is at least one shard"
                            : "there is no shard %d of %d; the first is 0/%2$d, the last %d/%2$d"
                                    .formatted(index, count, count - 1));
        }
    }

    /** Reads {@code 3/16}. @throws IllegalArgumentException for anything else */
    public static Shard parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException("say which of how many, counted from 0, as in 3/16");
        }
        return new Shard(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
    }

    /** How many of {@code seeds} are in this shard. */
    public long count(SeedRange seeds) {
        return (seeds.count() - index + count - 1) / count;
    }

    /** The {@code position}-th seed of this shard, from 0 on. */
    public long seed(SeedRange seeds, long position) {
        return seeds.first() + index + position * count;
    }

    @Override
    public String toString() {
        return index + "/" + count;
    }
}
