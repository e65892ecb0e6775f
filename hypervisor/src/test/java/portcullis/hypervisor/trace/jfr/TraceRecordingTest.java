package portcullis.hypervisor.trace.jfr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import portcullis.engine.Clock;
import portcullis.hypervisor.trace.PartitionTrace;
import portcullis.hypervisor.trace.Samples;
import portcullis.hypervisor.trace.TraceEvent;
import portcullis.hypervisor.trace.TraceEvent.Kind;

class TraceRecordingTest {
    @TempDir
    private Path folder;

    /** Records the samples as they would be emitted: what takes time at its end. */
    private Path record(List<TraceEvent> events) throws IOException {
        Path file = folder.resolve("run.jfr");
        JfrSink sink = new JfrSink();
        try (var _ = new TraceRecording(file, Set.of(), 0)) {
            events.forEach(sink::happened);
        }
        return file;
    }

    @Test
    void shouldReadBackWhatItRecords() throws Exception {
        assertEquals(Samples.story(), TraceReader.read(record(Samples.story()), event -> true));
    }

    @Test
    void shouldReadInOrderOfTimeAndKeepTheOrderOfOneMoment() throws Exception {
        List<TraceEvent> shuffled = new ArrayList<>(Samples.story());
        shuffled.sort(Comparator.comparingLong(event -> -event.at().time()));
        List<TraceEvent> sorted = new ArrayList<>(shuffled);
        sorted.sort(Comparator.comparingLong(event -> event.at().time()));
        assertEquals(sorted, TraceReader.read(record(shuffled), event -> true));
    }

    @Test
    void shouldKeepWhatIsWanted() throws Exception {
        List<TraceEvent> suspensions = TraceReader.read(record(Samples.story()), event -> event.kind() == Kind.SUSPEND);
        assertEquals(1, suspensions.size());
        assertEquals(List.of(), TraceReader.read(folder.resolve("run.jfr"), event -> false));
    }

    @Test
    void shouldRecordTheKindsAskedForAndNothingElse() throws Exception {
        Path file = folder.resolve("kinds.jfr");
        PartitionTrace partition = new PartitionTrace(new Clock() {
            @Override
            public long ticks() {
                return 42;
            }

            @Override
            public long frequency() {
                return 1_000_000_000L;
            }
        });
        try (var _ = new TraceRecording(file, Set.of(Kind.INTERRUPT), 0)) {
            partition.vp(1).injected(0, 0x20);
            partition.vp(1).eventFlag(0, 1, 1);
        }
        partition.vp(1).injected(0, 0x21);
        assertEquals(
                1,
                TraceReader.read(file, event -> event.at().partition() == partition.number())
                        .size());
        try (RecordingFile all = new RecordingFile(file)) {
            while (all.hasMoreEvents()) {
                assertEquals(
                        "portcullis.Interrupt", all.readEvent().getEventType().getName());
            }
        }
    }

    @Test
    void shouldRefuseAFileThatCannotBeWritten() {
        assertThrows(
                IOException.class,
                () -> new TraceRecording(folder.resolve("missing").resolve("x.jfr"), Set.of(), 0));
    }

    private void assertRefused(byte[] content, String message) throws IOException {
        Path file = Files.write(folder.resolve("bad.jfr"), content);
        String said = assertThrows(TraceFormatException.class, () -> TraceReader.read(file, event -> true))
                .getMessage();
        assertTrue(said.contains(message), said);
    }

    @Test
    void shouldRefuseWhatIsNoRecording() throws Exception {
        assertRefused(new byte[0], "is empty");
        assertRefused(new byte[] {'F'}, "is no flight recording");
        assertRefused("slice 0 vp 0 tick 0".getBytes(), "is no flight recording");
        byte[] magicOnly = Arrays.copyOf(new byte[] {'F', 'L', 'R', 0}, 200);
        assertRefused(magicOnly, "is damaged");
    }

    @Test
    void shouldRefuseATruncatedRecording() throws Exception {
        byte[] whole = Files.readAllBytes(record(Samples.story()));
        for (int length : new int[] {5, 67, 68, 1000, whole.length / 2, whole.length - 1}) {
            assertRefused(Arrays.copyOf(whole, length), "is damaged");
        }
    }

    @Test
    void shouldRefuseOrReadADamagedRecording() throws Exception {
        byte[] whole = Files.readAllBytes(record(Samples.story()));
        Random random = new Random(1);
        for (int round = 0; round < 40; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i < 4; i++) {
                damaged[random.nextInt(4, damaged.length)] = (byte) random.nextInt();
            }
            Path file = Files.write(folder.resolve("bad.jfr"), damaged);
            try {
                TraceReader.read(file, event -> true);
            } catch (TraceFormatException expected) {
                assertTrue(expected.getMessage().startsWith("is ")
                        || expected.getMessage().startsWith("holds "));
            }
        }
    }

    @Test
    void shouldRefuseARecordingOfSomethingElse() throws Exception {
        Path file = folder.resolve("other.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.JVMInformation");
            recording.setDestination(file);
            recording.start();
            recording.stop();
        }
        String said = assertThrows(TraceFormatException.class, () -> TraceReader.read(file, event -> true))
                .getMessage();
        assertTrue(said.contains("no events of Portcullis"), said);
    }
}
