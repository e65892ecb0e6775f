package portcullis.soft.model;

import static java.util.Map.entry;

import java.util.Map;
import java.util.Set;

/**
 * Which features make no sense without others: their instructions take registers, control bits or modes that are not there then. A
 * processor that has the one has the other, and guests rely on that.
 */
final class FeatureNeeds {
    private static final Map<Feature, Set<Feature>> NEEDS = Map.ofEntries(
            entry(Feature.MMX, Set.of(Feature.FPU)),
            entry(Feature.FXSR, Set.of(Feature.FPU)),
            entry(Feature.SSE, Set.of(Feature.FXSR)),
            entry(Feature.SSE2, Set.of(Feature.SSE)),
            entry(Feature.SSE3, Set.of(Feature.SSE2)),
            entry(Feature.SSSE3, Set.of(Feature.SSE3)),
            entry(Feature.SSE41, Set.of(Feature.SSSE3)),
            entry(Feature.SSE42, Set.of(Feature.SSE41)),
            entry(Feature.AES, Set.of(Feature.SSE2)),
            entry(Feature.PCLMULQDQ, Set.of(Feature.SSE2)),
            entry(Feature.SHA, Set.of(Feature.SSE2)),
            entry(Feature.XSAVE, Set.of(Feature.FXSR)),
            entry(Feature.AVX, Set.of(Feature.XSAVE, Feature.SSE42)),
            entry(Feature.AVX2, Set.of(Feature.AVX)),
            entry(Feature.FMA, Set.of(Feature.AVX)),
            entry(Feature.F16C, Set.of(Feature.AVX)),
            entry(Feature.PKU, Set.of(Feature.XSAVE, Feature.LM)),
            entry(Feature.PSE36, Set.of(Feature.PSE)),
            entry(Feature.NX, Set.of(Feature.PAE)),
            entry(Feature.LM, Set.of(Feature.PAE, Feature.MSR)),
            entry(Feature.PDPE1GB, Set.of(Feature.LM)),
            entry(Feature.LA57, Set.of(Feature.LM)),
            entry(Feature.PCID, Set.of(Feature.LM)),
            entry(Feature.FSGSBASE, Set.of(Feature.LM)),
            entry(Feature.CX16, Set.of(Feature.LM)),
            entry(Feature.SYSCALL, Set.of(Feature.MSR)),
            entry(Feature.SEP, Set.of(Feature.MSR)),
            entry(Feature.MTRR, Set.of(Feature.MSR)),
            entry(Feature.PAT, Set.of(Feature.MSR)),
            entry(Feature.MCA, Set.of(Feature.MCE, Feature.MSR)),
            entry(Feature.ARCH_CAPABILITIES, Set.of(Feature.MSR)),
            entry(Feature.RDTSCP, Set.of(Feature.TSC)),
            entry(Feature.TSC_ADJUST, Set.of(Feature.TSC, Feature.MSR)),
            entry(Feature.X2APIC, Set.of(Feature.APIC, Feature.MSR)),
            entry(Feature.TSC_DEADLINE, Set.of(Feature.APIC, Feature.TSC)));

    private FeatureNeeds() {}

    /** Takes away from {@code features} what lacks something it needs. */
    static void settle(Set<Feature> features) {
        while (features.removeIf(feature -> !features.containsAll(NEEDS.getOrDefault(feature, Set.of())))) {
            // What went may have been needed.
        }
    }
}
