package portcullis.hypervisor;

/** What a loader wants the boot processor to start with. */
@FunctionalInterface
public interface BootState {
    /** The reset vector: firmware is in memory and needs no help. */
    BootState RESET_VECTOR = boot -> {};

    /**
     * Loads memory and sets registers. Called at start and at each reset, when everything is in its reset state, on the VP's
     * thread; guest memory still holds what it held before.
     *
     * @param boot the boot processor
     */
    void load(VirtualProcessor boot);
}
