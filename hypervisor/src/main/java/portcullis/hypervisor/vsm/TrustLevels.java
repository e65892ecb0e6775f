package portcullis.hypervisor.vsm;

import portcullis.state.Saved;
import portcullis.state.StateReader;
import portcullis.state.StateWriter;
import portcullis.tlfs.HvStatus;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionConfig;
import portcullis.tlfs.register.VsmRegisters.VsmPartitionStatus;

/** What a partition has of trust levels: which are enabled, and how each is configured. Any VP's thread. */
public final class TrustLevels implements Saved {
    private static final int LEVELS = 3;
    private static final int ALL_ACCESS = VsmPartitionConfig.DEFAULT_VTL_PROTECTION_MASK_MASK;

    private final int maximum;
    private int enabled = 1;
    private int mbec;
    /** Levels that some VP has been given, or is being given. Not saved: then none is in between. */
    private int claimed;

    private final long[] config = new long[LEVELS];

    /** @param maximum the highest level that can be enabled */
    public TrustLevels(int maximum) {
        this.maximum = maximum;
    }

    public int maximum() {
        return maximum;
    }

    /** Whether a level is enabled for the partition. */
    public synchronized boolean enabled(int level) {
        return level >= 0 && (enabled >>> level & 1) != 0;
    }

    /** Whether mode based execute control was asked for when the level was enabled. */
    public synchronized boolean mbec(int level) {
        return (mbec >>> level & 1) != 0;
    }

    /** The highest enabled level below {@code level}. */
    synchronized int highestBelow(int level) {
        return 31 - Integer.numberOfLeadingZeros(enabled & (1 << level) - 1);
    }

    /**
     * The first VP that gets a level may get it from below, and no other: of two callers that both come first only one is.
     *
     * @return whether nobody has claimed the level before
     */
    synchronized boolean claim(int level) {
        boolean first = (claimed >>> level & 1) == 0;
        claimed |= 1 << level;
        return first;
    }

    /**
     * @param open makes what a partition has for the level: nobody finds it enabled before that is there
     * @return an HV_STATUS
     */
    synchronized int enable(int caller, int level, boolean withMbec, Runnable open) {
        if (level < 1 || level > maximum) {
            return HvStatus.INVALID_PARAMETER;
        }
        if ((enabled >>> level & 1) != 0) {
            return HvStatus.VTL_ALREADY_ENABLED;
        }
        if (caller < level && highestBelow(level) != caller) {
            return HvStatus.ACCESS_DENIED;
        }
        open.run();
        enabled |= 1 << level;
        mbec |= withMbec ? 1 << level : 0;
        config[level] = VsmPartitionConfig.ZERO_MEMORY_ON_RESET
                | (long) ALL_ACCESS << VsmPartitionConfig.DEFAULT_VTL_PROTECTION_MASK_SHIFT;
        return HvStatus.SUCCESS;
    }

    /** HvRegisterVsmPartitionStatus. */
    public synchronized long status() {
        return (long) enabled << VsmPartitionStatus.ENABLED_VTL_SET_SHIFT
                | (long) maximum << VsmPartitionStatus.MAXIMUM_VTL_SHIFT
                | (long) mbec << VsmPartitionStatus.MBEC_ENABLED_VTL_SET_SHIFT;
    }

    /** HvRegisterVsmPartitionConfig of one level above 0. */
    public synchronized VsmPartitionConfig config(int level) {
        return new VsmPartitionConfig(config[level]);
    }

    /** What a write to the register leaves there: protection enable and default mask are write-once (TLFS-NOTES). */
    synchronized VsmPartitionConfig writeConfig(int level, VsmPartitionConfig wanted) {
        long value = wanted.asUint64();
        VsmPartitionConfig before = new VsmPartitionConfig(config[level]);
        if (before.enableVtlProtection()) {
            long once = VsmPartitionConfig.ENABLE_VTL_PROTECTION
                    | (long) ALL_ACCESS << VsmPartitionConfig.DEFAULT_VTL_PROTECTION_MASK_SHIFT;
            value = value & ~once | before.asUint64() & once;
        }
        config[level] = value;
        return new VsmPartitionConfig(value);
    }

    /** Whether some level above {@code level} refuses that lower ones start or reset processors. */
    public synchronized boolean startupDenied(int level) {
        for (int higher = level + 1; higher < LEVELS; higher++) {
            if (new VsmPartitionConfig(config[higher]).denyLowerVtlStartup()) {
                return true;
            }
        }
        return false;
    }

    /** The lowest level above {@code level} that is told where lower ones start or reset processors, or -1. */
    public synchronized int startupInterceptor(int level) {
        for (int higher = level + 1; higher < LEVELS; higher++) {
            if (new VsmPartitionConfig(config[higher]).interceptVpStartup()) {
                return higher;
            }
        }
        return -1;
    }

    /**
     * Does {@code start}, where no level above {@code level} denies or watches that. Who comes to do so finds, when it does, that what was
     * decided before has happened.
     *
     * @param start must not wait
     * @return false where one does: nothing has been done
     */
    public synchronized boolean whereStartupIsFree(int level, Runnable start) {
        boolean free = !startupDenied(level) && startupInterceptor(level) < 0;
        if (free) {
            start.run();
        }
        return free;
    }

    /** Whether memory is to be zeroed when the partition is reset. */
    public synchronized boolean zeroesMemory() {
        for (int level = 1; level < LEVELS; level++) {
            if ((enabled >>> level & 1) != 0 && new VsmPartitionConfig(config[level]).zeroMemoryOnReset()) {
                return true;
            }
        }
        return false;
    }

    public synchronized void reset() {
        enabled = 1;
        mbec = 0;
        claimed = 0;
        java.util.Arrays.fill(config, 0);
    }

    @Override
    public synchronized void save(StateWriter out) {
        out.putInt(enabled);
        out.putInt(mbec);
        out.putLongs(config);
    }

    @Override
    public synchronized void restore(StateReader in) {
        enabled = in.getInt(1, (2 << maximum) - 1);
        mbec = in.getInt(0, (2 << maximum) - 1);
        in.getLongs(config);
    }
}
