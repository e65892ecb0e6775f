package portcullis.engine;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes virtual CPUs that share one guest memory and one clock. */
public interface Engine extends AutoCloseable {
    /** Short name as on the command line: {@code soft}, {@code kvm}. */
    String name();

    EngineCapabilities capabilities();

    /**
     * What a guest can tell of the processors, as text by topic: engines of the same name that say the same of themselves make the
     * same processors, and can take up each other's saved state.
     */
    Map<String, String> description();

    /** What CPUID says for 0x40000000 to 0x400000ff; other leaves of that range read as zero. Before {@link #createCpu}. */
    void setHypervisorLeaves(List<CpuidLeaf> leaves);

    /**
     * Has every CPU come out with {@link ExitReason#BREAKPOINT} before it executes an instruction at one of these linear addresses;
     * the next run executes it. Guests see nothing of it. While no CPU runs; replaces those that were set before.
     */
    void setBreakpoints(Set<Long> addresses);

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
