package portcullis.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.memory.GuestMemory;
import portcullis.oracle.generate.TestCase;
import portcullis.oracle.sandbox.Features;
import portcullis.oracle.sandbox.GuestCpu;
import portcullis.oracle.sandbox.HostCpu;
import portcullis.oracle.sandbox.Trampoline;
import portcullis.oracle.sandbox.Trampoline.Extent;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;

/** The host's processor and one of an engine, side by side. For one thread. */
public final class Duel implements AutoCloseable {
    /** Families whose cases touch nothing but general registers, flags and memory. */
    private static final Set<String> GENERAL_FAMILIES = Set.of("integer", "string", "stack", "flow");

    private final HostCpu host;
    private final GuestCpu guest;
    private final Set<String> features;
    private final Comparer comparer;
    private final Trampoline trampoline;

    private Duel(HostCpu host, GuestCpu guest, Set<String> families) {
        this.host = host;
        this.guest = guest;
        features = new TreeSet<>(Features.of(host));
        features.retainAll(Features.of(guest));
        boolean general = !families.isEmpty() && GENERAL_FAMILIES.containsAll(families);
        Extent extent = general || !features.contains("fxsr")
                ? Extent.GENERAL
                : features.contains("avx") ? Extent.AVX : Extent.FXSAVE;
        trampoline = new Trampoline(extent);
        host.install(trampoline);
        guest.install(trampoline);
        comparer = new Comparer(host.memory(), guest.memory(), extent);
    }

    /**
     * The host against the software engine.
     *
     * @param families that cases will be of; empty for all
     * @throws UnsupportedOperationException where {@link HostCpu#supported} is false
     */
    public static Duel withSoftEngine(Set<String> families) {
        return with(families, memory -> new SoftEngine(memory, new StoppedClock(), model()));
    }

    /** The host against an engine on the memory given. */
    public static Duel with(Set<String> families, Function<GuestMemory, Engine> engine) {
        HostCpu host = HostCpu.open();
        return new Duel(host, GuestCpu.open(host, engine), families);
    }

    private static CpuModel model() {
        return new CpuModel(CpuModel.Vendor.AMD, CpuModel.available(), 40, 1, 1_000_000_000L);
    }

    /** Features that both processors offer. */
    public Set<String> features() {
        return features;
    }

    /** Virtual address of the sandbox. */
    public long base() {
        return host.memory();
    }

    Trampoline trampoline() {
        return trampoline;
    }

    /** Runs cases on both processors; each case has a slot of its own. */
    public List<Finding> run(List<TestCase> cases) {
        Batch batch = new Batch(cases, base(), trampoline);
        batch.load(host);
        batch.load(guest);
        host.run(0, cases.size());
        List<Finding> findings = new ArrayList<>();
        int from = 0;
        while (from < cases.size()) {
            int completed = guest.run(from, cases.size() - from);
            for (int i = from; i < from + completed; i++) {
                List<String> differences = comparer.compare(cases.get(i));
                if (!differences.isEmpty()) {
                    findings.add(new Finding(cases.get(i), null, differences));
                }
            }
            from += completed;
            if (from < cases.size()) {
                findings.add(new Finding(cases.get(from), guest.problem(), List.of()));
                from++;
            }
        }
        return findings;
    }

    /** Runs one case. @return null if the processors agree */
    public Finding run(TestCase test) {
        List<Finding> findings = run(List.of(test));
        return findings.isEmpty() ? null : findings.getFirst();
    }

    @Override
    public void close() {
        guest.close();
        host.close();
    }

    /** Test programs do not look at the time. */
    private static final class StoppedClock implements Clock {
        @Override
        public long ticks() {
            return 0;
        }

        @Override
        public long frequency() {
            return 1_000_000_000L;
        }
    }
}
