package portcullis.hypervisor.trace.timeline;

import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes a timeline as a Perfetto trace, which ui.perfetto.dev opens. Field numbers are those of Perfetto's public definition of its
 * format (trace_packet.proto, track_descriptor.proto, track_event.proto, debug_annotation.proto, interned_data.proto).
 */
public final class PerfettoFormat {
    private static final int TRACE_PACKET = 1;

    private static final int PACKET_TIMESTAMP = 8;
    private static final int PACKET_SEQUENCE = 10;
    private static final int PACKET_TRACK_EVENT = 11;
    private static final int PACKET_INTERNED_DATA = 12;
    private static final int PACKET_SEQUENCE_FLAGS = 13;
    private static final int PACKET_TRACK_DESCRIPTOR = 60;

    private static final int SEQUENCE_BEGINS = 1;
    private static final int USES_INTERNED_DATA = 2;

    private static final int TRACK_UUID = 1;
    private static final int TRACK_NAME = 2;
    private static final int TRACK_PARENT = 5;
    private static final int TRACK_CHILD_ORDERING = 11;
    private static final int TRACK_RANK = 12;
    private static final int ORDERED_BY_RANK = 3;

    private static final int EVENT_ANNOTATION = 4;
    private static final int EVENT_TYPE = 9;
    private static final int EVENT_NAME_ID = 10;
    private static final int EVENT_TRACK = 11;
    private static final int EVENT_FLOW = 47;
    private static final int EVENT_FLOW_ENDS = 48;

    private static final int SLICE_BEGIN = 1;
    private static final int SLICE_END = 2;
    private static final int INSTANT = 3;

    private static final int ANNOTATION_NAME_ID = 1;
    private static final int ANNOTATION_BOOLEAN = 2;
    private static final int ANNOTATION_INTEGER = 4;
    private static final int ANNOTATION_STRING = 6;

    private static final int INTERNED_EVENT_NAME = 2;
    private static final int INTERNED_ANNOTATION_NAME = 3;
    private static final int INTERNED_ID = 1;
    private static final int INTERNED_TEXT = 2;

    /** All packets are of one sequence: one writer. */
    private static final int SEQUENCE = 1;

    private final OutputStream out;
    private final Map<String, Integer> eventNames = new HashMap<>();
    private final Map<String, Integer> annotationNames = new HashMap<>();

    /** Names that the packet being made is the first to use. */
    private ProtoWriter newNames;

    private PerfettoFormat(OutputStream out) {
        this.out = out;
    }

    /** Writes all of it; does not close {@code out}, which should be buffered. */
    public static void write(Timeline timeline, OutputStream out) throws IOException {
        PerfettoFormat format = new PerfettoFormat(out);
        format.begin();
        for (Track track : timeline.tracks()) {
            format.describe(track);
        }
        for (Mark mark : timeline.marks()) {
            format.mark(mark);
        }
    }

    private void begin() throws IOException {
        packet(new ProtoWriter().number(PACKET_SEQUENCE, SEQUENCE).number(PACKET_SEQUENCE_FLAGS, SEQUENCE_BEGINS));
    }

    private void packet(ProtoWriter packet) throws IOException {
        out.write(new ProtoWriter().message(TRACE_PACKET, packet).toBytes());
    }

    private void describe(Track track) throws IOException {
        ProtoWriter descriptor =
                new ProtoWriter().number(TRACK_UUID, track.id()).text(TRACK_NAME, track.name());
        if (track.parent() != 0) {
            descriptor.number(TRACK_PARENT, track.parent());
        }
        descriptor.number(TRACK_CHILD_ORDERING, ORDERED_BY_RANK).number(TRACK_RANK, track.rank());
        packet(new ProtoWriter().number(PACKET_SEQUENCE, SEQUENCE).message(PACKET_TRACK_DESCRIPTOR, descriptor));
    }

    private void mark(Mark mark) throws IOException {
        newNames = null;
        ProtoWriter event = new ProtoWriter().number(EVENT_TRACK, mark.track());
        switch (mark) {
            case Mark.Begin begin -> {
                event.number(EVENT_TYPE, SLICE_BEGIN);
                name(event, begin.name(), begin.details());
                flow(event, begin.flow(), begin.flowEnds());
            }
            case Mark.End end -> event.number(EVENT_TYPE, SLICE_END);
            case Mark.Instant instant -> {
                event.number(EVENT_TYPE, INSTANT);
                name(event, instant.name(), instant.details());
                flow(event, instant.flow(), false);
            }
        }
        ProtoWriter packet = new ProtoWriter()
                .number(PACKET_TIMESTAMP, mark.time())
                .number(PACKET_SEQUENCE, SEQUENCE)
                .number(PACKET_SEQUENCE_FLAGS, USES_INTERNED_DATA);
        if (newNames != null) {
            packet.message(PACKET_INTERNED_DATA, newNames);
        }
        packet(packet.message(PACKET_TRACK_EVENT, event));
    }

    private void name(ProtoWriter event, String name, Map<String, Object> details) {
        event.number(EVENT_NAME_ID, intern(eventNames, INTERNED_EVENT_NAME, name));
        details.forEach((key, value) -> {
            ProtoWriter annotation = new ProtoWriter()
                    .number(ANNOTATION_NAME_ID, intern(annotationNames, INTERNED_ANNOTATION_NAME, key));
            switch (value) {
                case Boolean is -> annotation.number(ANNOTATION_BOOLEAN, is ? 1 : 0);
                case Number number -> annotation.number(ANNOTATION_INTEGER, number.longValue());
                default -> annotation.text(ANNOTATION_STRING, value.toString());
            }
            event.message(EVENT_ANNOTATION, annotation);
        });
    }

    private static void flow(ProtoWriter event, long flow, boolean ends) {
        if (flow != 0) {
            event.fixed64(ends ? EVENT_FLOW_ENDS : EVENT_FLOW, flow);
        }
    }

    private int intern(Map<String, Integer> ids, int kind, String text) {
        Integer known = ids.get(text);
        if (known != null) {
            return known;
        }
        int id = ids.size() + 1;
        ids.put(text, id);
        if (newNames == null) {
            newNames = new ProtoWriter();
        }
        newNames.message(kind, new ProtoWriter().number(INTERNED_ID, id).text(INTERNED_TEXT, text));
        return id;
    }
}
