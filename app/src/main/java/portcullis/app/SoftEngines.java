package portcullis.app;

import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import portcullis.engine.Clock;
import portcullis.engine.Engine;
import portcullis.hypervisor.apic.ApicFeatures;
import portcullis.machine.config.EngineFactory;
import portcullis.memory.GuestMemory;
import portcullis.soft.SoftEngine;
import portcullis.soft.model.CpuModel;
import portcullis.soft.model.Feature;

/** Software processors of one model. */
record SoftEngines(CpuModel.Vendor vendor, Set<Feature> features) implements EngineFactory {
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
