package portcullis.hypervisor.vsm;

import portcullis.memory.GuestMemory;
import portcullis.memory.GuestMemory.Segment;
import portcullis.memory.Protection;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;

/**
 * What higher trust levels refuse to lower ones, a page at a time (TLFS vsm.md, "Memory Access Protections"). A change is
 * complete when a method returns: no VP executes with an old translation.
 */
public final class Protections {
    private final GuestMemory memory;
    private final TrustLevels levels;

    public Protections(GuestMemory memory, TrustLevels levels) {
        this.memory = memory;
        this.levels = levels;
    }

    /** Whether a mask is one of the combinations of rights that there are: reading is part of the others. */
    static boolean combines(int allowed) {
        return (allowed & Protection.READ) != 0 || allowed == Protection.NONE;
    }

    /**
     * A write of HvRegisterVsmPartitionConfig. Where level {@code by} begins to protect by it, what its default mask leaves out is
     * refused to all lower levels, once, and before the level can protect anything itself.
     */
    synchronized void configure(int by, VsmPartitionConfig wanted) {
        boolean before = levels.config(by).enableVtlProtection();
        int mask = wanted.defaultVtlProtectionMask();
        if (!before && wanted.enableVtlProtection()) {
            for (int lower = 0; lower < by; lower++) {
                memory.view(lower).refuseCodeOnOverlays(by);
                if (mask != Protection.ALL) {
                    memory.view(lower).protectAll(by, mask);
                }
            }
        }
        levels.writeConfig(by, wanted);
    }

    /** Whether level {@code by} may protect pages yet. */
    boolean enabled(int by) {
        return levels.config(by).enableVtlProtection();
    }

    /** Whether a page can be protected: RAM. */
    boolean isRam(long gpa) {
        Segment segment = gpa < memory.limit() ? memory.segmentAt(gpa) : null;
        return segment != null && segment.writable();
    }

    /** Sets what level {@code by} allows level {@code lower} on the first {@code count} of {@code gpas}. */
    void set(int by, int lower, long[] gpas, int count, int allowed) {
        memory.view(lower).protect(by, gpas, count, allowed);
    }

    /** As in a new partition. */
    public void reset() {
        for (int level = 0; level < GuestMemory.LEVELS - 1; level++) {
            memory.view(level).unprotect();
        }
    }
}
