package portcullis.hypervisor.trace.timeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.RunState;
import portcullis.hypervisor.trace.Samples;
import portcullis.hypervisor.trace.TraceEvent;

class TimelineTest {
    /** Tracks by name with their marks: {@code [} begins and {@code ]} ends a slice, {@code !} is an instant, {@code ~n} an arrow. */
    private static final String PICTURE = """
            portcullis partition 0
              vp 0
                3000 [ exit HYPERCALL
                3600 ! circular wait
                3900 ]
                5200 [ exit HYPERCALL
                5200 [ HvCallFlushVirtualAddressList
                6000 ! flush
                6400 ]
                6500 ]
                7000 [ hypercall 0x7777
                7010 ]
                8100 ! message
                8200 ! event flag
                8300 ! timer
                8400 ! timer
                vtl 0
                  0 [ running
                  3400 ]
                  3400 [ suspended on vp 1 ~1
                  5100 ]
                  5100 [ running ~1 ends
                  12000001000 ]
                  12000001000 [ halted
                  12000001000 ]
              vp 1
                1500 ! interrupt
                1600 ! interrupt
                2000 ! inhibit
                4000 ! vtl entry
                4000 ! intercept
                4800 ! vtl return
                5000 ! lift ~1
                8000 [ exit PORT_WRITE
                20345 ]
                vtl 0
                  0 [ wait for startup
                  1000 ]
                  1000 [ running
                  4000 ]
                  4800 [ running
                  12000001000 ]
                vtl 1
                  4000 [ running
                  4800 ]
                gate
                  2150 [ flushes inhibited
                  5000 ]
            portcullis partition 1
              vp 3
                12000000345 ! flush
            """;

    @Test
    void shouldDrawTheStory() {
        assertEquals(PICTURE, picture(Timeline.of(Samples.story())));
    }

    private static String picture(Timeline timeline) {
        Map<Long, List<String>> marks = new HashMap<>();
        for (Mark mark : timeline.marks()) {
            marks.computeIfAbsent((long) mark.track(), id -> new ArrayList<>())
                    .add(
                            switch (mark) {
                                case Mark.Begin begin ->
                                    begin.time() + " [ " + begin.name()
                                            + arrow(begin.flow(), begin.flowEnds() ? begin.flow() : 0);
                                case Mark.End end -> end.time() + " ]";
                                case Mark.Instant instant ->
                                    instant.time() + " ! " + instant.name() + arrow(instant.flow(), 0);
                            });
        }
        List<Row> rows = timeline.tracks().stream()
                .map(track -> new Row(track.id(), track.parent(), track.rank(), track.name()))
                .toList();
        StringBuilder text = new StringBuilder();
        draw(rows, marks, 0, 0, text);
        return text.toString();
    }

    private static String arrow(long flow, long ends) {
        return flow == 0 ? "" : " ~" + flow + (ends != 0 ? " ends" : "");
    }

    private record Row(long id, long parent, long rank, String name) {}

    private static void draw(
            List<Row> rows, Map<Long, List<String>> marks, long parent, int depth, StringBuilder text) {
        rows.stream()
                .filter(row -> row.parent == parent)
                .sorted((a, b) -> Long.compare(a.rank, b.rank))
                .forEach(row -> {
                    text.repeat("  ", depth).append(row.name).append('\n');
                    for (String mark : marks.getOrDefault(row.id, List.of())) {
                        text.repeat("  ", depth + 1).append(mark).append('\n');
                    }
                    draw(rows, marks, row.id, depth + 1, text);
                });
    }

    @Test
    void shouldWritePerfettoThatReadsBackAsTheSamePicture() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PerfettoFormat.write(Timeline.of(Samples.story()), out);

        Map<Long, String> names = new HashMap<>();
        Map<Long, List<String>> marks = new HashMap<>();
        List<Row> rows = new ArrayList<>();
        for (ProtoReader.Field field : new ProtoReader(out.toByteArray()).all(1)) {
            ProtoReader packet = field.message();
            assertEquals(1, packet.one(10).value());
            if (packet.has(60)) {
                ProtoReader track = packet.one(60).message();
                assertEquals(3, track.one(11).value());
                rows.add(new Row(
                        track.one(1).value(),
                        track.number(5, 0),
                        track.number(12, 0),
                        track.one(2).text()));
            } else if (packet.has(11)) {
                assertEquals(2, packet.one(13).value());
                if (packet.has(12)) {
                    for (ProtoReader.Field name : packet.one(12).message().all(2)) {
                        names.put(
                                name.message().one(1).value(),
                                name.message().one(2).text());
                    }
                }
                ProtoReader event = packet.one(11).message();
                marks.computeIfAbsent(event.one(11).value(), id -> new ArrayList<>())
                        .add(packet.one(8).value() + mark(event, names));
            } else {
                assertEquals(1, packet.one(13).value());
            }
        }
        StringBuilder text = new StringBuilder();
        draw(rows, marks, 0, 0, text);
        assertEquals(PICTURE, text.toString());
    }

    private static String mark(ProtoReader event, Map<Long, String> names) {
        int type = (int) event.one(9).value();
        if (type == 2) {
            return " ]";
        }
        long ends = event.number(48, 0);
        return (type == 1 ? " [ " : " ! ") + names.get(event.one(10).value()) + arrow(event.number(47, ends), ends);
    }

    @Test
    void shouldAnnotatePerfettoSlices() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PerfettoFormat.write(
                Timeline.of(List.of(new TraceEvent.Hypercall(
                        new At(7, 0, 0, 0), 0x5c, "HvCallPostMessage", true, 0, 0, 0, 0x13, 90))),
                out);
        List<ProtoReader.Field> packets = new ProtoReader(out.toByteArray()).all(1);
        ProtoReader packet = packets.get(packets.size() - 2).message();
        Map<Long, String> names = packet.one(12).message().all(3).stream()
                .collect(Collectors.toMap(
                        name -> name.message().one(1).value(),
                        name -> name.message().one(2).text()));
        Map<String, String> details = new HashMap<>();
        for (ProtoReader.Field field : packet.one(11).message().all(4)) {
            ProtoReader annotation = field.message();
            String value = annotation.has(6)
                    ? annotation.one(6).text()
                    : annotation.has(2)
                            ? "boolean " + annotation.one(2).value()
                            : "" + annotation.one(4).value();
            details.put(names.get(annotation.one(1).value()), value);
        }
        assertEquals(
                Map.of(
                        "code", "0x5c",
                        "name", "HvCallPostMessage",
                        "fast", "boolean 1",
                        "repStart", "0",
                        "repCount", "0",
                        "repsDone", "0",
                        "status", "0x13",
                        "took", "90"),
                details);
    }

    @Test
    void shouldWriteChromeJson() throws IOException {
        StringWriter out = new StringWriter();
        ChromeFormat.write(
                Timeline.of(List.of(
                        new TraceEvent.RunStateChange(new At(0, 0, 1, 0), RunState.RUNNING),
                        new TraceEvent.Inhibit(new At(1_000_001, 0, 1, 0), "say \"no\"\u00e9\n", 5, 0))),
                out);
        assertEquals("""
                {"displayTimeUnit":"ns","traceEvents":[
                {"ph":"M","pid":0,"tid":1,"ts":0.000,"name":"process_name","args":{"name":"portcullis partition 0"}},
                {"ph":"M","pid":0,"tid":2,"ts":0.000,"name":"thread_name","args":{"name":"vp 1"}},
                {"ph":"M","pid":0,"tid":2,"ts":0.000,"name":"thread_sort_index","args":{"sort_index":256}},
                {"ph":"M","pid":0,"tid":3,"ts":0.000,"name":"thread_name","args":{"name":"vp 1 vtl 0"}},
                {"ph":"M","pid":0,"tid":3,"ts":0.000,"name":"thread_sort_index","args":{"sort_index":257}},
                {"ph":"M","pid":0,"tid":4,"ts":0.000,"name":"thread_name","args":{"name":"vp 1 gate"}},
                {"ph":"M","pid":0,"tid":4,"ts":0.000,"name":"thread_sort_index","args":{"sort_index":357}},
                {"ph":"B","pid":0,"tid":3,"ts":0.000,"name":"running"},
                {"ph":"B","pid":0,"tid":4,"ts":1000.006,"name":"flushes inhibited","args":{"reason":"say \\"no\\"\\u00e9\\u000a","took":5,"passing":0}},
                {"ph":"E","pid":0,"tid":3,"ts":1000.006},
                {"ph":"i","pid":0,"tid":2,"ts":1000.001,"name":"inhibit","s":"t","args":{"reason":"say \\"no\\"\\u00e9\\u000a","took":5,"passing":0}},
                {"ph":"E","pid":0,"tid":4,"ts":1000.006}
                ]}
                """, out.toString());
    }

    @Test
    void shouldWriteArrowsInChromeJson() throws IOException {
        StringWriter out = new StringWriter();
        ChromeFormat.write(Timeline.of(Samples.story()), out);
        assertTrue(out.toString().contains("{\"ph\":\"s\",\"pid\":0,\"tid\":3,\"ts\":3.400,\"name\":\"suspension\""));
        assertTrue(out.toString().contains("{\"ph\":\"f\",\"pid\":0,\"tid\":3,\"ts\":5.100,\"name\":\"suspension\""));
    }

    @Test
    void shouldNestWhatDoesNotFit() {
        At vp = new At(100, 0, 0, 0);
        String picture = picture(Timeline.of(List.of(
                new TraceEvent.Exit(vp, ExitReason.HALT, 0, 50),
                new TraceEvent.Exit(new At(120, 0, 0, 0), ExitReason.BUDGET, 0, 50),
                new TraceEvent.Exit(new At(200, 0, 0, 0), ExitReason.KICKED, 0, Long.MAX_VALUE),
                new TraceEvent.Exit(new At(300, 0, 0, 0), ExitReason.SHUTDOWN, 0, -5))));
        assertEquals("""
                portcullis partition 0
                  vp 0
                    100 [ exit HALT
                    120 [ exit BUDGET
                    150 ]
                    150 ]
                    200 [ exit KICKED
                    300 [ exit SHUTDOWN
                    300 ]
                    %d ]
                """.formatted(200 + (1L << 60)), picture);
    }

    /** A level that halted, and was interrupted by a higher one, has not been running since. */
    @Test
    void shouldGoBackToTheStateThatALevelWasLeftIn() {
        String picture = picture(Timeline.of(List.of(
                new TraceEvent.RunStateChange(new At(1, 0, 0, 0), RunState.HALTED),
                new TraceEvent.VtlEntry(new At(2, 0, 0, 0), 1, "interrupt"),
                new TraceEvent.VtlReturn(new At(3, 0, 0, 1), 0, "interrupt"),
                new TraceEvent.Suspend(new At(4, 0, 0, 0), 1, 0, 2, ""),
                new TraceEvent.VtlEntry(new At(5, 0, 0, 0), 1, "interrupt"),
                new TraceEvent.VtlReturn(new At(6, 0, 0, 1), 0, "interrupt"))));
        assertEquals("""
                portcullis partition 0
                  vp 0
                    2 ! vtl entry
                    3 ! vtl return
                    5 ! vtl entry
                    6 ! vtl return
                    vtl 0
                      1 [ halted
                      2 ]
                      3 [ halted
                      4 ]
                      4 [ suspended on vp 1 ~1
                      6 ]
                    vtl 1
                      2 [ running
                      3 ]
                      5 [ running
                      6 ]
                """, picture);
    }
}
