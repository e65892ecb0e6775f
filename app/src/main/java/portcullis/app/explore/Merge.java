package portcullis.app.explore;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The sum of what shards have written. A seed counts once, however often it was run; one that has two ends is told. */
public final class Merge {
    /** A file that cannot be summed up with the others; the message says which and why. */
    public static final class MergeException extends Exception {
        private static final long serialVersionUID = 1L;

        MergeException(String message) {
            super(message, null, false, false);
        }
    }

    private static final int MISSING_SHOWN = 5;

    private ResultLine.Header header;
    private SeedRange seeds;
    /** Seeds less {@code seeds.first}. */
    private final BitSet done = new BitSet();

    private final BitSet failed = new BitSet();
    private final TreeMap<String, Long> failures = new TreeMap<>();
    private RunResult first;
    private long instructions;
    private int contradictions;

    /** Adds one file. @throws MergeException where it does not belong to the others, or is no result of {@code explore} */
    public void add(Path file) throws IOException, MergeException {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String line = lines.readLine();
            ResultLine.Header found = line == null ? null : ResultLine.Header.read(line);
            if (found == null) {
                throw new MergeException(file + " holds no results; 'portcullis explore --output' writes such");
            }
            accept(file, found);
            while ((line = lines.readLine()) != null) {
                RunResult result = ResultLine.read(line);
                // The last line of a shard that was ended may be cut off.
                if (result != null) {
                    accept(file, result);
                }
            }
        }
    }

    private void accept(Path file, ResultLine.Header found) throws MergeException {
        if (header == null) {
            header = found;
            seeds = found.seeds();
            if (seeds.count() > Integer.MAX_VALUE) {
                throw new MergeException(file + " has more seeds than can be summed up: " + seeds);
            }
        } else if (!found.digest().equals(header.digest())) {
            throw new MergeException(file + " is of another guest (" + found.guest() + ")");
        } else if (!found.command().equals(header.command()) || !found.seeds().equals(seeds)) {
            throw new MergeException(
                    file + " is of other runs: seeds " + found.seeds() + " of '" + found.command() + "'");
        }
    }

    private void accept(Path file, RunResult result) throws MergeException {
        long position = result.seed() - seeds.first();
        if (position < 0 || result.seed() > seeds.last()) {
            throw new MergeException(file + " has seed " + result.seed() + ", which nobody asked for");
        }
        int bit = (int) position;
        if (done.get(bit)) {
            contradictions += failed.get(bit) == result.failed() ? 0 : 1;
            return;
        }
        done.set(bit);
        instructions += result.instructions();
        if (result.failed()) {
            failed.set(bit);
            failures.merge(result.describe(), 1L, Long::sum);
            if (first == null || result.seed() < first.seed()) {
                first = result;
            }
        }
    }

    /** Whether some seed failed. */
    public boolean anyFailed() {
        return !failed.isEmpty();
    }

    /** Whether every seed was run. */
    public boolean complete() {
        return done.cardinality() == seeds.count();
    }

    /** For people, a few lines. After at least one {@link #add}. */
    public List<String> report() {
        List<String> lines = new ArrayList<>();
        lines.add("seeds %s of %s: %d of %d done, %d failed, %d instructions"
                .formatted(
                        seeds, header.guest(), done.cardinality(), seeds.count(), failed.cardinality(), instructions));
        if (!complete()) {
            lines.add("missing: " + missing());
        }
        if (contradictions > 0) {
            lines.add(contradictions + " seeds failed in one file and not in another: that is a bug of Portcullis");
        }
        for (Map.Entry<String, Long> each : failures.entrySet()) {
            lines.add("%d: %s".formatted(each.getValue(), each.getKey()));
        }
        if (first != null) {
            lines.add("the first is seed %d, after %d instructions. Again: %s --seed %1$d"
                    .formatted(first.seed(), first.instructions(), header.command()));
        }
        return lines;
    }

    private String missing() {
        StringBuilder text = new StringBuilder();
        int shown = 0;
        for (int from = done.nextClearBit(0); from < seeds.count(); from = done.nextClearBit(from)) {
            int next = done.nextSetBit(from);
            long to = next < 0 ? seeds.count() : next;
            if (shown++ == MISSING_SHOWN) {
                return text.append(", ...").toString();
            }
            text.append(text.isEmpty() ? "" : ", ").append(seeds.first() + from);
            if (to - from > 1) {
                text.append('-').append(seeds.first() + to - 1);
            }
            from = (int) Math.min(to, Integer.MAX_VALUE);
        }
        return text.toString();
    }
}
