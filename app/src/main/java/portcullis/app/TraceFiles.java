package portcullis.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Where traces go, by their names: events, as a flight recording, into {@code *.jfr}; slices of execution, as lines, into any other.
 *
 * @param events null for none
 * @param slices null for none
 */
record TraceFiles(Path events, Path slices) {
    /** @throws UserError for two of a kind, and for slices without virtual time */
    static TraceFiles of(List<Path> files, boolean virtualTime) {
        Path events = null;
        Path slices = null;
        for (Path file : files) {
            if (file.toString().toLowerCase(Locale.ROOT).endsWith(".jfr")) {
                events = only(events, file);
            } else if (virtualTime) {
                slices = only(slices, file);
            } else {
                throw new UserError(
                        "--trace %s: slices of execution need --time virtual; to record events name it %1$s.jfr"
                                .formatted(file));
            }
        }
        return new TraceFiles(events, slices);
    }

    private static Path only(Path before, Path file) {
        if (before != null) {
            throw new UserError("--trace %s and %s are of the same kind; give one of them".formatted(before, file));
        }
        return file;
    }
}
