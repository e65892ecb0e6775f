package portcullis.app;

import java.util.Arrays;
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

/** Software processors of one model. */
record SoftEngines(CpuModel.Vendor vendor, Set<Feature> features) implements EngineFactory {
    /**
     * Those of a saved machine.
     *
     * @throws UserError where this build has no such processor
     */
    static SoftEngines of(SavedMachine saved) {
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
                .orElseThrow(() -> new UserError(
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
        return new ApicFeatures(
                features.contains(Feature.X2APIC), features.contains(Feature.TSC_DEADLINE), addressBits);
    }
}
