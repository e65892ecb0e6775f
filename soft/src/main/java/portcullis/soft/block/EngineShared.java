package portcullis.soft.block;

import java.util.Set;
import portcullis.memory.GuestMemory;

/** What all CPUs of one engine share beyond guest memory: decoded code, and where they meet. */
public final class EngineShared {
    final Rendezvous rendezvous = new Rendezvous();
    final CodePages pages;

    public EngineShared(GuestMemory memory) {
        pages = new CodePages(memory, rendezvous);
    }

    /** Linear addresses where CPUs stop. Blocks have them built in. */
    private volatile Set<Long> breakpoints = Set.of();

    /** While no CPU runs. */
    public void setBreakpoints(Set<Long> addresses) {
        breakpoints = Set.copyOf(addresses);
        pages.dropAll();
    }

    boolean breakpointAt(long la) {
        return !breakpoints.isEmpty() && breakpoints.contains(la);
    }
}
