package portcullis.hypervisor;

import portcullis.hypervisor.apic.InterruptFabric;
import portcullis.hypervisor.apic.StartupGuard;
import portcullis.hypervisor.gate.FlushGates;
import portcullis.hypervisor.hyperv.HypercallPage;
import portcullis.hypervisor.hyperv.PartitionLevel;
import portcullis.hypervisor.vsm.Protections;
import portcullis.hypervisor.vsm.StartupIntercept;
import portcullis.hypervisor.vsm.TrustLevels;
import portcullis.memory.GuestMemory;
import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;

/** What a partition has once for each of its trust levels, made when a level is enabled first. Any VP's thread. */
final class PartitionLevels implements Saved {
    private static final int LEVELS = Partition.TRUST_LEVELS;

    private final Partition partition;
    private final GuestMemory memory;
    private final TrustLevels trust;
    private final Protections protections;
    private final InterruptFabric[] fabrics = new InterruptFabric[LEVELS];
    private final FlushGates[] gates = new FlushGates[LEVELS];
    /** Those that are enabled. */
    private final PartitionLevel[] enabled = new PartitionLevel[LEVELS];
    /** All that there ever were. */
    private final PartitionLevel[] made = new PartitionLevel[LEVELS];

    /** Level 0 is there. */
    PartitionLevels(Partition partition) {
        this.partition = partition;
        memory = partition.memory();
        trust = new TrustLevels(partition.hyperv().trustLevels());
        protections = new Protections(memory, trust);
        open(0);
    }

    TrustLevels trust() {
        return trust;
    }

    Protections protections() {
        return protections;
    }

    InterruptFabric fabric(int level) {
        return fabrics[level];
    }

    FlushGates gates(int level) {
        return gates[level];
    }

    /** Null where the level is not enabled. */
    PartitionLevel get(int level) {
        return enabled[level];
    }

    /** {@link Partition#openLevel}. */
    void open(int level) {
        if (made[level] == null) {
            make(level);
        }
        // Or it was there before a reset.
        enabled[level] = made[level];
    }

    private void make(int level) {
        boolean guarded = trust.maximum() > level;
        fabrics[level] = new InterruptFabric(guarded ? StartupIntercept.guard(partition, level) : StartupGuard.NONE);
        gates[level] = new FlushGates(
                partition.config().apicIds().length,
                vp -> gate -> partition.processors().get(vp).requests().raise(VpRequests.RESUMED));
        made[level] =
                new PartitionLevel(memory, level, partition.referenceTime(), HypercallPage.code(partition.engine()));
        memory.view(level).onChange(() -> viewChanged(level));
    }

    /**
     * What a level sees of guest memory has changed: no VP executes with an old translation of it when this returns. Any thread.
     */
    private void viewChanged(int level) {
        for (VirtualProcessor vp : partition.processors()) {
            vp.pendingFlushes().addEverything(level);
            vp.flushPosted();
        }
        partition.processors().forEach(VirtualProcessor::awaitFlushSeen);
    }

    /** Puts every level into its reset state. {@link #closeHigher} follows when the VPs have been reset. */
    void reset() {
        for (PartitionLevel level : enabled) {
            if (level != null) {
                level.reset();
            }
        }
    }

    /** After a reset only level 0 is there (TLFS, "Partition VTL Initial state"). */
    void closeHigher() {
        trust.reset();
        protections.reset();
        for (int level = 1; level < LEVELS; level++) {
            enabled[level] = null;
        }
    }

    // Saved state

    @Override
    public void save(StateWriter out) {
        trust.save(out);
        for (int level = 0; level < LEVELS; level++) {
            out.putBoolean(made[level] != null);
            if (made[level] != null) {
                out.putBoolean(enabled[level] != null);
                made[level].save(out);
                fabrics[level].save(out);
            }
        }
    }

    @Override
    public void restore(StateReader in) {
        trust.restore(in);
        for (int level = 0; level < LEVELS; level++) {
            if (in.getBoolean()) {
                open(level);
                enabled[level] = in.getBoolean() ? made[level] : null;
                made[level].restore(in);
                fabrics[level].restore(in);
            }
        }
        if (enabled[0] == null) {
            throw in.refused("has no trust level 0");
        }
    }

    /** Why gates are shut, and who waits at them. */
    final class Gates implements Saved {
        @Override
        public void save(StateWriter out) {
            for (FlushGates level : gates) {
                if (level != null) {
                    level.save(out);
                }
            }
        }

        @Override
        public void restore(StateReader in) {
            for (FlushGates level : gates) {
                if (level != null) {
                    level.restore(in);
                }
            }
        }
    }

    /** Overlays and protections. */
    final class Views implements Saved {
        @Override
        public void save(StateWriter out) {
            for (int level = 0; level < GuestMemory.LEVELS; level++) {
                memory.view(level).save(out);
            }
        }

        @Override
        public void restore(StateReader in) {
            for (int level = 0; level < GuestMemory.LEVELS; level++) {
                memory.view(level).restore(in);
            }
        }
    }
}
