package portcullis.hypervisor.state;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import portcullis.state.StateException;
import portcullis.state.StateFileReader;
import portcullis.state.StateReader;

/**
 * A state file whose first chunks have been read: what kind of machine it is of. Whoever makes such a machine takes up the rest
 * with {@link PartitionImage#restore}.
 */
public final class SavedMachine implements AutoCloseable {
    /** The first chunk: what must be alike. */
    static final String SHAPE = "shape";
    /** The second: what else is good to know. */
    static final String NOTES = "notes";

    private final StateFileReader file;
    private final Map<String, String> shape;
    private final Map<String, String> notes;

    private SavedMachine(StateFileReader file) {
        this.file = file;
        shape = texts(SHAPE);
        notes = texts(NOTES);
    }

    private Map<String, String> texts(String name) {
        StateReader chunk = file.next();
        if (chunk == null || !chunk.name().equals(name)) {
            throw new StateException("%s is no saved machine: it says nothing of its %s".formatted(file.path(), name));
        }
        return Collections.unmodifiableMap(SavedText.read(chunk));
    }

    /** @throws StateException where there is no such file, or it is none of a machine; the message is one line */
    public static SavedMachine open(Path path) {
        StateFileReader file = StateFileReader.open(path);
        try {
            return new SavedMachine(file);
        } catch (RuntimeException refused) {
            file.close();
            throw refused;
        }
    }

    public Path path() {
        return file.path();
    }

    /** What a machine must have in common with the saved one, by topic. */
    public Map<String, String> shape() {
        return shape;
    }

    /** What was noted beside it: where its disks are, what it was started with. */
    public Map<String, String> notes() {
        return notes;
    }

    /**
     * Reads the rest of the file.
     *
     * @param memory takes the chunks of guest memory as they come
     * @return all others by name; the file is whole
     */
    Map<String, StateReader> read(Consumer<StateReader> memory) {
        Map<String, StateReader> states = new HashMap<>();
        for (StateReader chunk = file.next(); chunk != null; chunk = file.next()) {
            if (chunk.name().equals(MemoryImage.CHUNK)) {
                memory.accept(chunk);
            } else if (states.put(chunk.name(), chunk) != null) {
                throw new StateException("%s is damaged: it has %s twice".formatted(file.path(), chunk.name()));
            }
        }
        return states;
    }

    @Override
    public void close() {
        file.close();
    }
}
