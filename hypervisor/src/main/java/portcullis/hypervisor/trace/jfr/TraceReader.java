package portcullis.hypervisor.trace.jfr;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import portcullis.hypervisor.trace.At;
import portcullis.hypervisor.trace.EventFields;
import portcullis.hypervisor.trace.TraceEvent;

/** Reads recorded events back. */
public final class TraceReader {
    private static final String PREFIX = "portcullis.";
    private static final byte[] MAGIC = {'F', 'L', 'R', 0};

    private static final long LATEST = 1L << 60;
    private static final int MAX_VP = 4095;
    private static final int MAX_VTL = 2;

    /** @param order host time, in nanoseconds, when the event was committed: tells apart what has the same guest time */
    private record Numbered(TraceEvent event, long order) {}

    private final Map<Long, Class<?>> types = new HashMap<>();
    private final List<Numbered> events = new ArrayList<>();
    private boolean foundAny;

    private TraceReader() {}

    /**
     * Reads a recording.
     *
     * @param wanted which events to keep
     * @return in order of guest time, and of host time where that is the same; perhaps none, where {@code wanted} keeps none
     * @throws IOException where the file cannot be opened
     * @throws TraceFormatException where it is no recording, is damaged, or holds no event of Portcullis
     */
    public static List<TraceEvent> read(Path file, Predicate<TraceEvent> wanted)
            throws IOException, TraceFormatException {
        checkMagic(file);
        TraceReader reader = new TraceReader();
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                reader.take(recording.readEvent(), wanted);
            }
        } catch (IOException | RuntimeException | StackOverflowError | InternalError e) {
            // The parser trusts the file: whatever bytes it meets where others should be ends in some unchecked
            // exception.
            throw new TraceFormatException("is damaged, or was not completed");
        } catch (OutOfMemoryError e) {
            throw new TraceFormatException(
                    "is damaged, or too large for this JVM's heap; filter, or raise the heap with -Xmx");
        }
        if (!reader.foundAny) {
            throw new TraceFormatException("holds no events of Portcullis; record with --trace FILE.jfr");
        }
        reader.events.sort(
                Comparator.comparingLong((Numbered each) -> each.event.at().time())
                        .thenComparingLong(Numbered::order));
        return reader.events.stream().map(Numbered::event).toList();
    }

    private static void checkMagic(Path file) throws IOException, TraceFormatException {
        byte[] start = new byte[MAGIC.length];
        int read;
        try (InputStream in = Files.newInputStream(file)) {
            read = in.readNBytes(start, 0, start.length);
        }
        if (read == 0) {
            throw new TraceFormatException("is empty: the run that it belongs to has not ended, or was killed");
        }
        if (!Arrays.equals(start, MAGIC)) {
            throw new TraceFormatException("is no flight recording; record one with --trace FILE.jfr");
        }
    }

    private void take(RecordedEvent recorded, Predicate<TraceEvent> wanted) {
        String name = recorded.getEventType().getName();
        if (!name.startsWith(PREFIX)) {
            return;
        }
        Class<?> type = types.computeIfAbsent(
                recorded.getEventType().getId(), id -> EventFields.named(name.substring(PREFIX.length())));
        if (type == null) {
            return;
        }
        At at = new At(
                recorded.getLong("time"), recorded.getInt("partition"), recorded.getInt("vp"), recorded.getInt("vtl"));
        if (((at.time() | at.partition() | at.vp() | at.vtl()) < 0)
                || at.time() > LATEST
                || at.vp() > MAX_VP
                || at.vtl() > MAX_VTL) {
            throw new IllegalArgumentException(at + " cannot be");
        }
        TraceEvent event = EventFields.make(type, at, (field, as) -> recorded.getValue(field));
        foundAny = true;
        if (wanted.test(event)) {
            Instant committed = recorded.getStartTime();
            events.add(new Numbered(event, committed.getEpochSecond() * 1_000_000_000L + committed.getNano()));
        }
    }
}
