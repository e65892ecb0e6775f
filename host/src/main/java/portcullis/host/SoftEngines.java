package portcullis.host;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.hypervisor.state.SavedMachine;
import portcullis.machine.config.EngineFactory;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;
import portcullis.state.StateException;

/**
 * Software processors of one model.
 *
 * @param vendor whose processor CPUID says it is
 * @param features what CPUID says is there
 */
public record SoftEngines(CpuModel.Vendor vendor, Set<Feature> features) implements EngineFactory {
    /** @throws IllegalArgumentException for a feature that the software processor has not */
    public SoftEngines {
        EnumSet<Feature> copy = EnumSet.noneOf(Feature.class);
        copy.addAll(features);
        if (!CpuModel.available().containsAll(copy)) {
            copy.removeAll(CpuModel.available());
            throw new IllegalArgumentException("the software processor has no %s; leave it out".formatted(copy));
        }
        features = Collections.unmodifiableSet(copy);
    }

    /** An Intel processor with all that is there. */
    public static SoftEngines all() {
        return new SoftEngines(CpuModel.Vendor.INTEL, CpuModel.available());
    }

    /**
     * Those of a saved machine.
     *
     * @throws StateException where this build has no such processor
     */
    public static SoftEngines of(SavedMachine saved) {
        String vendor = saved.shape().getOrDefault("cpu vendor", "");
        String features = saved.shape().getOrDefault("cpu features", "");
        EnumSet<Feature> set = EnumSet.noneOf(Feature.class);
        for (String name : features.split(" ")) {
            Feature feature = name.isEmpty() ? null : Feature.named(name);
            if (feature != null) {
                set.add(feature);
            }
        }
        return Arrays.stream(CpuModel.Vendor.values())
                .filter(known -> known.name().equalsIgnoreCase(vendor))
                .findFirst()
                .map(known -> new SoftEngines(known, set))
                .orElseThrow(() -> new StateException(
                        "%s is of a machine with processors that this build has not".formatted(saved.path())));
    }

    @Override
    public Engine create(
            GuestMemory memory, Clock clock, int processors, int addressBits, Supplier<RandomGenerator> entropy) {
        CpuModel model = new CpuModel(vendor, features, addressBits, processors, clock.frequency());
        return new SoftEngine(memory, clock, model, entropy);
    }

    @Override
    public ApicFeatures apicFeatures(int addressBits) {
        Set<Feature> offered = CpuModel.offered(vendor, features);
        return new ApicFeatures(offered.contains(Feature.X2APIC), offered.contains(Feature.TSC_DEADLINE), addressBits);
    }
}
