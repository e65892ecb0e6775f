package portcullis.app.explore;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a shard writes, a JSON object a line (docs/exploration.md): a {@link Header}, then a line a seed. A shard that was ended early
 * has fewer lines; so no line says anything of the others.
 */
public final class ResultLine {
    private static final String VERSION = "1";

    private ResultLine() {}

    /**
     * What was explored, and where.
     *
     * @param guest file name
     * @param digest of its content, so that shards that had another guest are noticed
     * @param command what repeats a run, but for {@code --seed}
     */
    public record Header(String guest, String digest, String command, SeedRange seeds, Shard shard) {
        public String toJson() {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("explore", VERSION);
            values.put("guest", guest);
            values.put("digest", digest);
            values.put("run", command);
            values.put("seeds", seeds);
            values.put("shard", shard);
            return FlatJson.write(values);
        }

        /** @return null for a line that is no header of this version */
        public static Header read(String line) {
            Map<String, String> values = FlatJson.read(line);
            if (values == null || !VERSION.equals(values.get("explore"))) {
                return null;
            }
            try {
                return new Header(
                        values.getOrDefault("guest", ""),
                        values.getOrDefault("digest", ""),
                        values.getOrDefault("run", ""),
                        SeedRange.parse(values.getOrDefault("seeds", "")),
                        Shard.parse(values.getOrDefault("shard", "")));
            } catch (IllegalArgumentException malformed) {
                return null;
            }
        }
    }

    /** A result's line. */
    public static String of(RunResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("seed", result.seed());
        values.put("end", result.kind().spelling());
        values.put("value", result.value());
        values.put("instructions", result.instructions());
        values.put("failed", result.failed());
        return FlatJson.write(values);
    }

    /** @return null for a line that is no result */
    public static RunResult read(String line) {
        Map<String, String> values = FlatJson.read(line);
        if (values == null) {
            return null;
        }
        try {
            return new RunResult(
                    Long.parseLong(values.getOrDefault("seed", "")),
                    RunResult.Kind.of(values.getOrDefault("end", "")),
                    Integer.parseInt(values.getOrDefault("value", "")),
                    Long.parseLong(values.getOrDefault("instructions", "")));
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }
}
