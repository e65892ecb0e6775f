package portcullis.hypervisor;

import portcullis.state.Saved;
import portcullis.state.SavedParts;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What a saved partition consists of, in the order in which it must be restored; devices come in between. */
public final class PartitionParts {
    private final Partition partition;
    private final PartitionLevels levels;
    private final VpDriver driver;

    PartitionParts(Partition partition, PartitionLevels levels, VpDriver driver) {
        this.partition = partition;
        this.levels = levels;
        this.driver = driver;
    }

    /** What must be restored before anything else. */
    public void addFirst(SavedParts parts) {
        parts.add("time", onVpThread(partition.time()));
        parts.add("partition", new Shared());
    }

    /** What must be restored when ports are there, and before devices. */
    public void addProcessors(SavedParts parts) {
        partition.processors().forEach(vp -> parts.add("vp " + vp.index(), vp));
        parts.add("gates", levels.new Gates());
        parts.add("views", levels.new Views());
    }

    /** What must be restored when everything else has been. */
    public void addLast(SavedParts parts) {
        parts.add("schedule", onVpThread(driver));
        parts.add("alarms", onVpThread(partition.time().savedAlarms()));
    }

    /** By virtual time clock and schedule are the business of the thread that takes all turns: between two of them they are whole. */
    private Saved onVpThread(Saved part) {
        VirtualProcessor first = partition.processors().getFirst();
        return new Saved() {
            @Override
            public int stateVersion() {
                return part.stateVersion();
            }

            @Override
            public void save(StateWriter out) {
                first.call(() -> part.save(out));
            }

            @Override
            public void restore(StateReader in) {
                first.call(() -> part.restore(in));
            }
        };
    }

    /** What no VP has for itself. */
    private final class Shared implements Saved {
        @Override
        public void save(StateWriter out) {
            levels.save(out);
            partition.msrs().save(out);
        }

        @Override
        public void restore(StateReader in) {
            levels.restore(in);
            partition.msrs().restore(in);
        }
    }
}
