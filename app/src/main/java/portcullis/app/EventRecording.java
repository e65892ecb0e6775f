package portcullis.app;

import java.io.IOException;
import java.nio.file.Path;
import portcullis.hypervisor.trace.jfr.TraceRecording;

/** A recording of events as an option asks for it, or none. */
final class EventRecording implements AutoCloseable {
    private final TraceRecording recording;
    private final Path file;

    private EventRecording(TraceRecording recording, Path file) {
        this.recording = recording;
        this.file = file;
    }

    /**
     * Begins.
     *
     * @param file null for none
     * @throws UserError where it cannot be
     */
    static EventRecording into(Path file, EventChoice choice) {
        if (file == null) {
            return new EventRecording(null, null);
        }
        try {
            return new EventRecording(new TraceRecording(file, choice.kinds(), choice.minimumExit()), file);
        } catch (IOException e) {
            throw UserError.cannotWrite(file, e);
        } catch (IllegalStateException | NoClassDefFoundError e) {
            throw new UserError(
                    "--trace %s: this JVM cannot record (%s); use a whole JDK, and a writable temporary folder"
                            .formatted(file, e.getMessage()));
        }
    }

    /** Ends it, and says where it is not complete. */
    @Override
    public void close() {
        if (recording == null) {
            return;
        }
        try {
            recording.close();
        } catch (IOException e) {
            Messages.say("the trace %s is not complete (%s); make room for it".formatted(file, e.getMessage()));
        }
    }
}
