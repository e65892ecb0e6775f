package portcullis.hypervisor.state;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import portcullis.hypervisor.Partition;
import portcullis.memory.GuestMemory;
import portcullis.state.Saved;
import portcullis.state.SavedParts;
import portcullis.state.StateException;
import portcullis.state.StateFileWriter;

/**
 * What of a partition goes into a state file: its shape, its memory, the state of its processors, of its time and of whatever a
 * machine adds.
 *
 * <p>The shape (how many processors of which kind, how much memory where, ...) is text by topic. It is not restored but compared:
 * a file goes into a partition of the same shape, or is refused.
 */
public final class PartitionImage {
    private final Partition partition;
    private final Map<String, String> shape = new LinkedHashMap<>();
    private final Map<String, String> notes = new LinkedHashMap<>();
    private final Map<String, Saved> early = new LinkedHashMap<>();
    private final Map<String, Saved> late = new LinkedHashMap<>();

    /** @param topics of the machine around the partition: compared first */
    public PartitionImage(Partition partition, Map<String, String> topics) {
        this.partition = partition;
        shape.putAll(topics);
        shape.put("engine", partition.engine().name());
        shape.putAll(partition.engine().description());
        shape.put(
                "apic ids",
                Arrays.stream(partition.config().apicIds())
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" ")));
        shape.put("hyperv", partition.hyperv().description());
        shape.put("memory map", memory(partition.memory()));
    }

    private static String memory(GuestMemory memory) {
        return memory.segments().stream()
                .map(segment ->
                        "%s 0x%x+0x%x".formatted(segment.writable() ? "ram" : "rom", segment.gpa(), segment.size()))
                .collect(Collectors.joining(", "));
    }

    /** Notes something beside the shape, which is not compared. */
    public void note(String topic, String text) {
        notes.put(topic, text);
    }

    /** Adds a part, a device say. */
    public void add(String name, Saved part) {
        late.put(name, part);
    }

    /** Adds a part that has to be restored before processors are: it makes ports that messages wait for. */
    public void addEarly(String name, Saved part) {
        early.put(name, part);
    }

    private SavedParts parts() {
        SavedParts parts = new SavedParts();
        partition.parts().addFirst(parts);
        early.forEach(parts::add);
        partition.parts().addProcessors(parts);
        late.forEach(parts::add);
        partition.parts().addLast(parts);
        return parts;
    }

    /**
     * Writes the file, while the partition stands: in {@link Partition#standstill}.
     *
     * @return its size in bytes
     */
    public long save(Path file) throws IOException {
        try (StateFileWriter out = StateFileWriter.create(file)) {
            out.chunk(SavedMachine.SHAPE, 1, SavedText.write(shape));
            out.chunk(SavedMachine.NOTES, 1, SavedText.write(notes));
            new MemoryImage(partition.memory()).save(out);
            parts().save(out);
            return out.finish();
        }
    }

    /**
     * Takes up a saved state, in a partition that has never run: in {@link Partition#startPaused}.
     *
     * @throws StateException where the file is damaged or not of a machine like this one; the message is one line. The partition is
     *     good for nothing then
     */
    public void restore(SavedMachine saved) {
        compare(saved);
        MemoryImage memory = new MemoryImage(partition.memory());
        memory.beginRestore();
        try {
            parts().restore(saved.read(memory::restore));
        } catch (StateException refused) {
            throw refused.getMessage().startsWith(saved.path().toString())
                    ? refused
                    : new StateException("%s: %s".formatted(saved.path(), refused.getMessage()), refused);
        }
    }

    /** @throws StateException for the first topic in which the two differ */
    private void compare(SavedMachine saved) {
        shape.forEach((topic, here) -> {
            String there = saved.shape().get(topic);
            if (!Objects.equals(here, there)) {
                throw differ(saved, topic, there, here);
            }
        });
        saved.shape().forEach((topic, there) -> {
            if (!shape.containsKey(topic)) {
                throw differ(saved, topic, there, null);
            }
        });
    }

    private static StateException differ(SavedMachine saved, String topic, String there, String here) {
        return new StateException("%s is of another machine: %s: %s there, %s here"
                .formatted(saved.path(), topic, told(there, here), told(here, there)));
    }

    /** A text without the words that the other has, too: of long lists the difference counts. */
    private static String told(String text, String other) {
        if (text == null) {
            return "none";
        }
        if (other == null || text.length() < 60 && other.length() < 60) {
            return text.isEmpty() ? "nothing" : text;
        }
        var words = new java.util.LinkedHashSet<>(Arrays.asList(text.split(" ")));
        words.removeAll(Arrays.asList(other.split(" ")));
        return words.isEmpty() ? "nothing more" : String.join(" ", words);
    }
}
