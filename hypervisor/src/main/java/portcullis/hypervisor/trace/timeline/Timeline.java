package portcullis.hypervisor.trace.timeline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.EventFields;
import portcullis.hypervisor.trace.TraceEvent;

/**
 * Makes tracks of events. Each VP has one, with hypercalls and exits as slices and the rest as instants; under it one a trust
 * level, with its run states, and one for its gate, with the times when flushes were inhibited. An arrow leads from each
 * suspension over the lift that ended it to where the VP runs again.
 */
public final class Timeline {
    private static final int GATE_RANK = 100;
    private static final long LONGEST = 1L << 60;

    private final List<Track> tracks = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();
    private final Map<Integer, Integer> partitions = new LinkedHashMap<>();
    private final Map<VpKey, VpTracks> vps = new LinkedHashMap<>();
    private final Map<LevelKey, LevelTrack> levels = new LinkedHashMap<>();
    private long arrows;
    private long end;

    private record VpKey(int partition, int vp) {}

    private record LevelKey(int partition, int vp, int vtl) {}

    /** A VP's own track, and when its gate was shut. */
    private static final class VpTracks {
        final Track track;
        final NestedSlices calls;
        Track gate;
        boolean inhibited;

        VpTracks(Track track) {
            this.track = track;
            calls = new NestedSlices(track.id());
        }
    }

    private Timeline() {}

    /** @param events in order of time */
    public static Timeline of(List<TraceEvent> events) {
        Timeline timeline = new Timeline();
        for (TraceEvent event : events) {
            timeline.add(event);
        }
        timeline.finish();
        return timeline;
    }

    /** Parents come before what is under them. */
    public List<Track> tracks() {
        return tracks;
    }

    /** Of each track in order; tracks one after the other. */
    public List<Mark> marks() {
        return marks;
    }

    private void add(TraceEvent event) {
        At at = event.at();
        long time = at.time();
        end = Math.max(end, time);
        VpTracks vp = vp(at.partition(), at.vp());
        switch (event) {
            case TraceEvent.Hypercall e -> slice(vp, e, nameOf(e.name(), e.code()), e.took());
            case TraceEvent.Exit e -> slice(vp, e, "exit " + e.reason(), e.took());
            case TraceEvent.Interrupt e -> instant(vp, e, "interrupt");
            case TraceEvent.Flush e -> instant(vp, e, "flush");
            case TraceEvent.Message e -> instant(vp, e, "message");
            case TraceEvent.EventFlag e -> instant(vp, e, "event flag");
            case TraceEvent.Timer e -> instant(vp, e, "timer");
            case TraceEvent.Cycle e -> instant(vp, e, "circular wait");
            case TraceEvent.Intercept e -> instant(vp, e, "intercept");
            case TraceEvent.Suspend e -> level(at).suspend(e, ++arrows);
            case TraceEvent.Resume e -> level(at).resume(time);
            case TraceEvent.Inhibit e -> {
                instant(vp, e, "inhibit");
                shutGate(vp, e);
            }
            case TraceEvent.Lift e -> lift(vp, e);
            case TraceEvent.VtlEntry e -> {
                instant(vp, e, "vtl entry");
                switchLevel(at, e.to());
            }
            case TraceEvent.VtlReturn e -> {
                instant(vp, e, "vtl return");
                switchLevel(at, e.to());
            }
            case TraceEvent.RunStateChange e -> level(at).state(time, e.state());
        }
    }

    private static String nameOf(String name, int code) {
        return name.isEmpty() ? "hypercall 0x" + Integer.toHexString(code) : name;
    }

    private void slice(VpTracks vp, TraceEvent event, String name, long took) {
        long start = event.at().time();
        long stop = after(start, took);
        vp.calls.add(start, stop, name, EventFields.of(event));
    }

    /** A file may say what it likes. */
    private long after(long start, long took) {
        long stop = start + Math.clamp(took, 0, LONGEST);
        end = Math.max(end, stop);
        return stop;
    }

    private static void instant(VpTracks vp, TraceEvent event, String name) {
        vp.calls.addInstant(event.at().time(), name, EventFields.of(event), 0);
    }

    private void switchLevel(At from, int to) {
        level(from).leave(from.time());
        level(new At(from.time(), from.partition(), from.vp(), to)).enter(from.time());
    }

    private void shutGate(VpTracks vp, TraceEvent.Inhibit event) {
        if (!vp.inhibited) {
            vp.inhibited = true;
            long shut = after(event.at().time(), event.took());
            marks.add(new Mark.Begin(gate(vp).id(), shut, "flushes inhibited", EventFields.of(event), 0, false));
        }
    }

    private void lift(VpTracks vp, TraceEvent.Lift event) {
        long time = event.at().time();
        long arrow = 0;
        if (event.last()) {
            for (LevelTrack level : levels.values()) {
                if (level.waitsFor(vp.track.partition(), vp.track.vp())) {
                    // Each arrow has an instant of its own: a mark belongs to one arrow.
                    arrow = level.arrow();
                    vp.calls.addInstant(time, "lift", EventFields.of(event), arrow);
                }
            }
            if (vp.inhibited) {
                vp.inhibited = false;
                marks.add(new Mark.End(gate(vp).id(), time));
            }
        }
        if (arrow == 0) {
            instant(vp, event, "lift");
        }
    }

    private void finish() {
        for (LevelTrack level : levels.values()) {
            level.close(end);
        }
        for (VpTracks vp : vps.values()) {
            vp.calls.writeTo(marks);
            if (vp.inhibited) {
                marks.add(new Mark.End(vp.gate.id(), end));
            }
        }
    }

    // Tracks

    private VpTracks vp(int partition, int vp) {
        return vps.computeIfAbsent(
                new VpKey(partition, vp),
                key -> new VpTracks(addTrack(partition(partition), "vp " + vp, vp, partition, vp)));
    }

    private int partition(int partition) {
        return partitions.computeIfAbsent(
                partition,
                key -> addTrack(0, "portcullis partition " + partition, partition, partition, Track.NO_VP)
                        .id());
    }

    private LevelTrack level(At at) {
        VpTracks vp = vp(at.partition(), at.vp());
        return levels.computeIfAbsent(new LevelKey(at.partition(), at.vp(), at.vtl()), key -> {
            Track track = addTrack(vp.track.id(), "vtl " + at.vtl(), at.vtl(), at.partition(), at.vp());
            return new LevelTrack(track, marks);
        });
    }

    private Track gate(VpTracks vp) {
        if (vp.gate == null) {
            vp.gate = addTrack(vp.track.id(), "gate", GATE_RANK, vp.track.partition(), vp.track.vp());
        }
        return vp.gate;
    }

    private Track addTrack(int parent, String name, int rank, int partition, int vp) {
        Track track = new Track(tracks.size() + 1, parent, name, rank, partition, vp);
        tracks.add(track);
        return track;
    }
}
