package portcullis.state;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a machine's state consists of, by name. Parts are saved and restored in the order in which they were added. */
public final class SavedParts {
    private final Map<String, Saved> parts = new LinkedHashMap<>();

    /** @throws IllegalArgumentException where there is a part of this name */
    public void add(String name, Saved part) {
        if (parts.putIfAbsent(name, part) != null) {
            throw new IllegalArgumentException("two parts are called " + name);
        }
    }

    /** Writes a chunk a part. */
    public void save(StateFileWriter out) throws IOException {
        StateWriter buffer = new StateWriter();
        for (Map.Entry<String, Saved> part : parts.entrySet()) {
            buffer.clear();
            part.getValue().save(buffer);
            out.chunk(part.getKey(), part.getValue().stateVersion(), buffer);
        }
    }

    /**
     * Gives every part its state.
     *
     * @param states by name
     * @throws StateException where a part has no state or a state no part, or a part refuses it
     */
    public void restore(Map<String, StateReader> states) {
        for (String name : parts.keySet()) {
            if (!states.containsKey(name)) {
                throw new StateException("the saved machine has no %s, and this one has".formatted(name));
            }
        }
        for (String name : states.keySet()) {
            if (!parts.containsKey(name)) {
                throw new StateException("the saved machine has %s, and this one has not".formatted(name));
            }
        }
        parts.forEach((name, part) -> restore(part, states.get(name)));
    }

    /**
     * Restores one part from all of {@code in}.
     *
     * @throws StateException where a newer build wrote the state, or {@code part} does not understand all of it
     */
    public static void restore(Saved part, StateReader in) {
        if (in.version() < 1 || in.version() > part.stateVersion()) {
            throw in.refused(
                    "has version %d; this build understands up to %d".formatted(in.version(), part.stateVersion()));
        }
        part.restore(in);
        in.finish();
    }
}
