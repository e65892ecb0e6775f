package portcullis.engine;

/** Makes virtual CPUs that share one guest memory and one clock. */
public interface Engine extends AutoCloseable {
    /** Short name as on the command line: {@code soft}, {@code kvm}. */
    String name();

    EngineCapabilities capabilities();

    /**
     * Makes a virtual CPU in its reset state (SDM table 10-1), real mode at 0xFFFFFFF0.
     *
     * @param index 0-based, each used once
     * @param apicId initial APIC id, reported by CPUID leaves 1, 0xB and 0x1F
     */
    VirtualCpu createCpu(int index, int apicId);

    @Override
    void close();
}
