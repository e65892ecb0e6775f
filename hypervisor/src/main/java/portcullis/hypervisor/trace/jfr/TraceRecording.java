package portcullis.hypervisor.trace.jfr;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import jdk.jfr.Event;
import jdk.jfr.Recording;
import portcullis.hypervisor.trace.TraceEvent.Kind;
import portcullis.hypervisor.trace.Tracing;

/**
 * A flight recording of Portcullis events, and of nothing else, in a file. The file is complete when this is closed, or when the
 * JVM is shut down in order (a signal, {@link System#exit}); killed outright, it leaves an empty file.
 */
public final class TraceRecording implements AutoCloseable {
    private final Path file;
    private final Recording recording;
    private final Tracing.Subscription subscription;
    private boolean closed;

    /**
     * Starts to record.
     *
     * @param file replaced where it exists
     * @param minimumExit exits that were dealt with in less, in nanoseconds of guest time, are left out
     * @throws IOException where {@code file} cannot be written
     */
    public TraceRecording(Path file, Set<Kind> kinds, long minimumExit) throws IOException {
        this.file = file;
        recording = new Recording();
        try {
            recording.setName("Portcullis");
            recording.setDestination(file);
            recording.setDumpOnExit(true);
            for (Class<?> type : RecordedEvents.class.getDeclaredClasses()) {
                if (type != RecordedEvents.VpEvent.class) {
                    recording.enable(type.asSubclass(Event.class)).withoutThreshold();
                }
            }
            recording.start();
        } catch (IOException | RuntimeException e) {
            recording.close();
            throw e;
        }
        subscription = Tracing.subscribe(kinds, minimumExit, new JfrSink());
    }

    /** Completes the file. Idempotent. @throws IOException where it cannot be written: the host's disk is full */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        subscription.close();
        try (recording) {
            // Not by stop(), which logs what goes wrong, and throws nothing.
            recording.dump(file);
            recording.setDestination(null);
        }
    }
}
