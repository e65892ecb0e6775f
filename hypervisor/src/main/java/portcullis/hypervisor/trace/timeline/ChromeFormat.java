package portcullis.hypervisor.trace.timeline;

import java.io.IOException;
import java.io.Writer;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes a timeline in Chrome's JSON trace format, which ui.perfetto.dev and chrome://tracing open and which scripts read easily:
 * a partition is a process there, a track a thread.
 */
public final class ChromeFormat {
    private final Writer out;
    private final Map<Integer, Track> tracks = new HashMap<>();
    private boolean first = true;

    private ChromeFormat(Writer out) {
        this.out = out;
    }

    /** Writes all of it; does not close {@code out}, which should be buffered. ASCII only. */
    public static void write(Timeline timeline, Writer out) throws IOException {
        ChromeFormat format = new ChromeFormat(out);
        out.write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
        for (Track track : timeline.tracks()) {
            format.describe(track);
        }
        for (Mark mark : timeline.marks()) {
            format.mark(mark);
        }
        out.write("\n]}\n");
    }

    private void describe(Track track) throws IOException {
        tracks.put(track.id(), track);
        if (track.vp() == Track.NO_VP) {
            metadata("process_name", track, Map.of("name", track.name()));
        } else {
            Track parent = tracks.get(track.parent());
            boolean nested = parent.vp() != Track.NO_VP;
            String name = nested ? parent.name() + " " + track.name() : track.name();
            metadata("thread_name", track, Map.of("name", name));
            // A VP's own track, then its trust levels, then its gate.
            int order = track.vp() * 256 + (nested ? 1 + track.rank() : 0);
            metadata("thread_sort_index", track, Map.of("sort_index", order));
        }
    }

    private void metadata(String name, Track track, Map<String, Object> details) throws IOException {
        event("M", track, 0, name, details, "");
    }

    private void mark(Mark mark) throws IOException {
        Track track = tracks.get(mark.track());
        switch (mark) {
            case Mark.Begin begin -> {
                event("B", track, begin.time(), begin.name(), begin.details(), "");
                if (begin.flow() != 0) {
                    arrow(begin.flowEnds() ? "f" : "s", track, begin.time(), begin.flow());
                }
            }
            case Mark.End end -> event("E", track, end.time(), null, Map.of(), "");
            // Arrows bind to slices there: they pass instants by.
            case Mark.Instant instant ->
                event("i", track, instant.time(), instant.name(), instant.details(), ",\"s\":\"t\"");
        }
    }

    private void arrow(String phase, Track track, long time, long flow) throws IOException {
        event(phase, track, time, "suspension", Map.of(), ",\"cat\":\"gate\",\"bp\":\"e\",\"id\":" + flow);
    }

    private void event(String phase, Track track, long time, String name, Map<String, Object> details, String more)
            throws IOException {
        StringBuilder text = new StringBuilder(first ? "\n" : ",\n");
        first = false;
        text.append("{\"ph\":\"").append(phase).append('"');
        text.append(",\"pid\":").append(track.partition());
        text.append(",\"tid\":").append(track.id());
        text.append(",\"ts\":").append(time / 1000).append('.');
        String nanos = Long.toString(time % 1000);
        text.repeat('0', 3 - nanos.length()).append(nanos);
        if (name != null) {
            text.append(",\"name\":");
            string(text, name);
        }
        text.append(more);
        if (!details.isEmpty()) {
            text.append(",\"args\":{");
            String separator = "";
            for (Map.Entry<String, Object> detail : details.entrySet()) {
                text.append(separator);
                string(text, detail.getKey());
                text.append(':');
                value(text, detail.getValue());
                separator = ",";
            }
            text.append('}');
        }
        out.append(text.append('}'));
    }

    private static void value(StringBuilder text, Object value) {
        if (value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else {
            string(text, value.toString());
        }
    }

    private static void string(StringBuilder text, String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                text.append("\\u");
                String digits = Integer.toHexString(c);
                text.repeat('0', 4 - digits.length()).append(digits);
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
